//! Which characters may stand in the name of a resource group.
//!
//! ARM asks .NET's `Char.IsLetterOrDigit`: the general categories Lu, Ll, Lt, Lm, Lo and Nd.
//! `char::is_alphanumeric` is wider; the table has what it adds, as of Unicode 14.
//! A range also spans characters in between that are not alphanumeric anyway.

/// Whether the character is a letter or a decimal digit by its general category.
///
/// What a later version of Unicode adds to the other categories is taken for a letter.
pub(super) fn is_letter_or_digit(char: char) -> bool {
    if char.is_ascii() {
        return char.is_ascii_alphanumeric();
    }
    let after = OTHER_ALPHANUMERIC.partition_point(|&(first, _)| first <= char);
    let is_other = after > 0 && char <= OTHER_ALPHANUMERIC[after - 1].1;
    char.is_alphanumeric() && !is_other
}

/// Alphanumeric characters of other categories: marks, letter-like numbers and symbols.
#[rustfmt::skip]
const OTHER_ALPHANUMERIC: &[(char, char)] = &[
    ('\u{b2}', '\u{b3}'), ('\u{b9}', '\u{b9}'), ('\u{bc}', '\u{be}'), ('\u{345}', '\u{36f}'), ('\u{5b0}', '\u{5c7}'),
    ('\u{610}', '\u{61a}'), ('\u{64b}', '\u{65f}'), ('\u{670}', '\u{670}'), ('\u{6d6}', '\u{6e4}'),
    ('\u{6e7}', '\u{6ed}'), ('\u{711}', '\u{711}'), ('\u{730}', '\u{73f}'), ('\u{7a6}', '\u{7b0}'),
    ('\u{816}', '\u{817}'), ('\u{81b}', '\u{823}'), ('\u{825}', '\u{827}'), ('\u{829}', '\u{82c}'),
    ('\u{8d4}', '\u{903}'), ('\u{93a}', '\u{93b}'), ('\u{93e}', '\u{94f}'), ('\u{955}', '\u{957}'),
    ('\u{962}', '\u{963}'), ('\u{981}', '\u{983}'), ('\u{9be}', '\u{9cc}'), ('\u{9d7}', '\u{9d7}'),
    ('\u{9e2}', '\u{9e3}'), ('\u{9f4}', '\u{9f9}'), ('\u{a01}', '\u{a03}'), ('\u{a3e}', '\u{a51}'),
    ('\u{a70}', '\u{a71}'), ('\u{a75}', '\u{a83}'), ('\u{abe}', '\u{acc}'), ('\u{ae2}', '\u{ae3}'),
    ('\u{afa}', '\u{b03}'), ('\u{b3e}', '\u{b57}'), ('\u{b62}', '\u{b63}'), ('\u{b72}', '\u{b82}'),
    ('\u{bbe}', '\u{bcc}'), ('\u{bd7}', '\u{bd7}'), ('\u{bf0}', '\u{c04}'), ('\u{c3e}', '\u{c56}'),
    ('\u{c62}', '\u{c63}'), ('\u{c78}', '\u{c7e}'), ('\u{c81}', '\u{c83}'), ('\u{cbe}', '\u{cd6}'),
    ('\u{ce2}', '\u{ce3}'), ('\u{d00}', '\u{d03}'), ('\u{d3e}', '\u{d4c}'), ('\u{d57}', '\u{d5e}'),
    ('\u{d62}', '\u{d63}'), ('\u{d70}', '\u{d78}'), ('\u{d81}', '\u{d83}'), ('\u{dcf}', '\u{ddf}'),
    ('\u{df2}', '\u{df3}'), ('\u{e31}', '\u{e31}'), ('\u{e34}', '\u{e3a}'), ('\u{e4d}', '\u{e4d}'),
    ('\u{eb1}', '\u{eb1}'), ('\u{eb4}', '\u{ebc}'), ('\u{ecd}', '\u{ecd}'), ('\u{f2a}', '\u{f33}'),
    ('\u{f71}', '\u{f83}'), ('\u{f8d}', '\u{fbc}'), ('\u{102b}', '\u{103e}'), ('\u{1056}', '\u{1059}'),
    ('\u{105e}', '\u{1060}'), ('\u{1062}', '\u{1064}'), ('\u{1067}', '\u{106d}'), ('\u{1071}', '\u{1074}'),
    ('\u{1082}', '\u{108d}'), ('\u{108f}', '\u{108f}'), ('\u{109a}', '\u{109d}'), ('\u{1369}', '\u{137c}'),
    ('\u{16ee}', '\u{16f0}'), ('\u{1712}', '\u{1713}'), ('\u{1732}', '\u{1733}'), ('\u{1752}', '\u{1753}'),
    ('\u{1772}', '\u{1773}'), ('\u{17b6}', '\u{17c8}'), ('\u{17f0}', '\u{17f9}'), ('\u{1885}', '\u{1886}'),
    ('\u{18a9}', '\u{18a9}'), ('\u{1920}', '\u{1938}'), ('\u{19da}', '\u{19da}'), ('\u{1a17}', '\u{1a1b}'),
    ('\u{1a55}', '\u{1a74}'), ('\u{1abf}', '\u{1b04}'), ('\u{1b35}', '\u{1b43}'), ('\u{1b80}', '\u{1b82}'),
    ('\u{1ba1}', '\u{1bad}'), ('\u{1be7}', '\u{1bf1}'), ('\u{1c24}', '\u{1c36}'), ('\u{1dd3}', '\u{1df4}'),
    ('\u{2070}', '\u{2070}'), ('\u{2074}', '\u{2079}'), ('\u{2080}', '\u{2089}'), ('\u{2150}', '\u{2182}'),
    ('\u{2185}', '\u{2793}'), ('\u{2cfd}', '\u{2cfd}'), ('\u{2de0}', '\u{2dff}'), ('\u{3007}', '\u{3029}'),
    ('\u{3038}', '\u{303a}'), ('\u{3192}', '\u{3195}'), ('\u{3220}', '\u{32bf}'), ('\u{a674}', '\u{a67b}'),
    ('\u{a69e}', '\u{a69f}'), ('\u{a6e6}', '\u{a6ef}'), ('\u{a802}', '\u{a802}'), ('\u{a80b}', '\u{a80b}'),
    ('\u{a823}', '\u{a835}'), ('\u{a880}', '\u{a881}'), ('\u{a8b4}', '\u{a8c5}'), ('\u{a8ff}', '\u{a8ff}'),
    ('\u{a926}', '\u{a92a}'), ('\u{a947}', '\u{a952}'), ('\u{a980}', '\u{a983}'), ('\u{a9b4}', '\u{a9bf}'),
    ('\u{a9e5}', '\u{a9e5}'), ('\u{aa29}', '\u{aa36}'), ('\u{aa43}', '\u{aa43}'), ('\u{aa4c}', '\u{aa4d}'),
    ('\u{aa7b}', '\u{aa7d}'), ('\u{aab0}', '\u{aab0}'), ('\u{aab2}', '\u{aab4}'), ('\u{aab7}', '\u{aab8}'),
    ('\u{aabe}', '\u{aabe}'), ('\u{aaeb}', '\u{aaef}'), ('\u{aaf5}', '\u{aaf5}'), ('\u{abe3}', '\u{abea}'),
    ('\u{fb1e}', '\u{fb1e}'), ('\u{10107}', '\u{1018b}'), ('\u{102e1}', '\u{102fb}'), ('\u{10320}', '\u{10323}'),
    ('\u{10341}', '\u{10341}'), ('\u{1034a}', '\u{1034a}'), ('\u{10376}', '\u{1037a}'), ('\u{103d1}', '\u{103d5}'),
    ('\u{10858}', '\u{1085f}'), ('\u{10879}', '\u{1087f}'), ('\u{108a7}', '\u{108af}'), ('\u{108fb}', '\u{108ff}'),
    ('\u{10916}', '\u{1091b}'), ('\u{109bc}', '\u{109bd}'), ('\u{109c0}', '\u{109ff}'), ('\u{10a01}', '\u{10a0f}'),
    ('\u{10a40}', '\u{10a48}'), ('\u{10a7d}', '\u{10a7e}'), ('\u{10a9d}', '\u{10a9f}'), ('\u{10aeb}', '\u{10aef}'),
    ('\u{10b58}', '\u{10b5f}'), ('\u{10b78}', '\u{10b7f}'), ('\u{10ba9}', '\u{10baf}'), ('\u{10cfa}', '\u{10cff}'),
    ('\u{10d24}', '\u{10d27}'), ('\u{10e60}', '\u{10e7e}'), ('\u{10eab}', '\u{10eac}'), ('\u{10f1d}', '\u{10f26}'),
    ('\u{10f51}', '\u{10f54}'), ('\u{10fc5}', '\u{10fcb}'), ('\u{11000}', '\u{11002}'), ('\u{11038}', '\u{11065}'),
    ('\u{11073}', '\u{11074}'), ('\u{11080}', '\u{11082}'), ('\u{110b0}', '\u{110c2}'), ('\u{11100}', '\u{11102}'),
    ('\u{11127}', '\u{11132}'), ('\u{11145}', '\u{11146}'), ('\u{11180}', '\u{11182}'), ('\u{111b3}', '\u{111bf}'),
    ('\u{111ce}', '\u{111cf}'), ('\u{111e1}', '\u{111f4}'), ('\u{1122c}', '\u{1123e}'), ('\u{112df}', '\u{112e8}'),
    ('\u{11300}', '\u{11303}'), ('\u{1133e}', '\u{1134c}'), ('\u{11357}', '\u{11357}'), ('\u{11362}', '\u{11363}'),
    ('\u{11435}', '\u{11445}'), ('\u{114b0}', '\u{114c1}'), ('\u{115af}', '\u{115be}'), ('\u{115dc}', '\u{115dd}'),
    ('\u{11630}', '\u{11640}'), ('\u{116ab}', '\u{116b5}'), ('\u{1171d}', '\u{1172a}'), ('\u{1173a}', '\u{1173b}'),
    ('\u{1182c}', '\u{11838}'), ('\u{118ea}', '\u{118f2}'), ('\u{11930}', '\u{1193c}'), ('\u{11940}', '\u{11940}'),
    ('\u{11942}', '\u{11942}'), ('\u{119d1}', '\u{119df}'), ('\u{119e4}', '\u{119e4}'), ('\u{11a01}', '\u{11a0a}'),
    ('\u{11a35}', '\u{11a39}'), ('\u{11a3b}', '\u{11a3e}'), ('\u{11a51}', '\u{11a5b}'), ('\u{11a8a}', '\u{11a97}'),
    ('\u{11c2f}', '\u{11c3e}'), ('\u{11c5a}', '\u{11c6c}'), ('\u{11c92}', '\u{11cb6}'), ('\u{11d31}', '\u{11d43}'),
    ('\u{11d47}', '\u{11d47}'), ('\u{11d8a}', '\u{11d96}'), ('\u{11ef3}', '\u{11ef6}'), ('\u{11fc0}', '\u{11fd4}'),
    ('\u{12400}', '\u{1246e}'), ('\u{16b5b}', '\u{16b61}'), ('\u{16e80}', '\u{16e96}'), ('\u{16f4f}', '\u{16f4f}'),
    ('\u{16f51}', '\u{16f92}'), ('\u{16ff0}', '\u{16ff1}'), ('\u{1bc9e}', '\u{1bc9e}'), ('\u{1d2e0}', '\u{1d378}'),
    ('\u{1e000}', '\u{1e02a}'), ('\u{1e8c7}', '\u{1e8cf}'), ('\u{1e947}', '\u{1e947}'), ('\u{1ec71}', '\u{1ed3d}'),
    ('\u{1f100}', '\u{1f189}'),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_and_digits_are_told_by_category() {
        for char in "azAZ09éßЖ中あกǅʰ٣𝒜".chars() {
            assert!(is_letter_or_digit(char), "{char:?}");
        }
        // Nl, No, an alphabetic mark, an alphabetic symbol, and what is neither.
        for char in "Ⅷ²½\u{345}\u{93e}Ⓐ-_ ·🙂".chars() {
            assert!(!is_letter_or_digit(char), "{char:?}");
        }
    }

    #[test]
    fn the_table_is_sorted() {
        assert!(OTHER_ALPHANUMERIC.iter().all(|(first, last)| first <= last));
        assert!(
            OTHER_ALPHANUMERIC
                .windows(2)
                .all(|pair| pair[0].1 < pair[1].0)
        );
    }
}
