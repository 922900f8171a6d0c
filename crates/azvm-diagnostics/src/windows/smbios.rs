//! The SMBIOS tables as Windows keeps them in its registry: who made this machine, and Azure's mark.
//!
//! ```text
//! value     = calling-method major minor dmi-revision length(u32) structure*     ; RawSMBIOSData
//! structure = type length(≥ 4) handle(u16) field* strings
//! strings   = 00 00 / 1*(1*octet 00) 00                                          ; numbered from 1
//! ```
//!
//! Sources: DMTF DSP0134, "System Management BIOS (SMBIOS) Reference Specification", 6.1 (structures), 7.2 (system
//! information) and 7.4 (enclosure); Microsoft, "GetSystemFirmwareTable function", for the eight bytes in front.

use super::Unknown;
use crate::facts::AssetTag;
use azvm_exchange::service_text;
use std::fmt::Write;

/// No table is longer than this; those of virtual machines have a few kilobytes.
pub const MAX_TABLE_BYTES: usize = 1 << 20;

const HEADER_BYTES: usize = 8;
const END_OF_TABLE: u8 = 127;

/// What the firmware says of the machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Firmware {
    /// The asset tag of the enclosure; [`AssetTag::Absent`] when the tables are there and have none.
    pub chassis_asset_tag: AssetTag,
    /// The system's UUID in lower case. On Azure it is the VM ID.
    pub system_uuid: Option<String>,
    /// Such as `Microsoft Corporation`.
    pub manufacturer: Option<String>,
    /// Such as `Virtual Machine`.
    pub product: Option<String>,
}

impl Firmware {
    /// Reads `value`, the bytes of the registry's `SMBiosData`.
    ///
    /// # Errors
    ///
    /// [`Unknown::Unreadable`] when the bytes contradict themselves or are more than [`MAX_TABLE_BYTES`]: half a table
    /// must not be taken for a machine without Azure's mark.
    pub fn read(value: &[u8]) -> Result<Self, Unknown> {
        read(value).ok_or(Unknown::Unreadable)
    }
}

fn read(value: &[u8]) -> Option<Firmware> {
    let (header, tables) = value.split_at_checked(HEADER_BYTES)?;
    let [_, major, minor, _, length @ ..] = header else {
        return None;
    };
    let length = usize::try_from(u32::from_le_bytes(length.try_into().ok()?)).ok()?;
    let mut rest = tables
        .get(..length)
        .filter(|tables| tables.len() <= MAX_TABLE_BYTES)?;
    let mut firmware = Firmware::default();
    let mut chassis = None;
    let mut has_system = false;
    while !rest.is_empty() {
        let structure;
        (structure, rest) = Structure::split_off(rest)?;
        match structure.kind {
            1 if !has_system => {
                has_system = true;
                firmware.manufacturer = structure.text(0x04)?.filter(|text| !text.is_empty());
                firmware.product = structure.text(0x05)?.filter(|text| !text.is_empty());
                firmware.system_uuid = structure.uuid((*major, *minor));
            }
            3 if chassis.is_none() => chassis = Some(structure.text(0x08)?),
            END_OF_TABLE => break,
            _ => {}
        }
    }
    firmware.chassis_asset_tag = chassis
        .flatten()
        .map_or(AssetTag::Absent, AssetTag::Present);
    Some(firmware)
}

/// One structure, without what comes after it.
struct Structure<'a> {
    kind: u8,
    /// The formatted part, its head included, so that the offsets of the specification fit.
    fields: &'a [u8],
    strings: &'a [u8],
}

impl<'a> Structure<'a> {
    fn split_off(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (&kind, &length) = (bytes.first()?, bytes.get(1)?);
        let (fields, rest) = bytes.split_at_checked(usize::from(length))?;
        if fields.len() < 4 {
            return None;
        }
        let end = rest.windows(2).position(|pair| pair == [0, 0])?;
        let (strings, rest) = rest.split_at(end + 2);
        let structure = Self {
            kind,
            fields,
            strings,
        };
        Some((structure, rest))
    }

    /// The string to which the field at `offset` points: `Some(None)` when this structure is too old for the field,
    /// and `None` when there is no such string.
    fn text(&self, offset: usize) -> Option<Option<String>> {
        let Some(&number) = self.fields.get(offset) else {
            return Some(None);
        };
        if number == 0 {
            return Some(Some(String::new()));
        }
        let mut strings = self.strings.split(|&byte| byte == 0);
        let text = strings.nth(usize::from(number) - 1)?;
        // The set ends with an empty string, to which nothing points.
        (!text.is_empty()).then(|| Some(service_text(&String::from_utf8_lossy(text))))
    }

    /// Since version 2.6 the first three fields are little endian. All zeros or ones stand for *none*.
    fn uuid(&self, version: (u8, u8)) -> Option<String> {
        let bytes: [u8; 16] = self.fields.get(0x08..0x18)?.try_into().ok()?;
        if bytes == [0; 16] || bytes == [0xff; 16] {
            return None;
        }
        let order = if version >= (2, 6) {
            LITTLE_ENDIAN
        } else {
            BIG_ENDIAN
        };
        let mut text = String::new();
        for (count, index) in order.into_iter().enumerate() {
            if matches!(count, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            let _ = write!(text, "{:02x}", bytes[index]);
        }
        Some(text)
    }
}

const LITTLE_ENDIAN: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
const BIG_ENDIAN: [usize; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::AZURE_ASSET_TAG;
    use proptest::prelude::*;

    const UUID_BYTES: [u8; 16] =
        *b"\x33\x22\x11\x00\x55\x44\x77\x66\x88\x99\xaa\xbb\xcc\xdd\xee\xff";
    const UUID: &str = "00112233-4455-6677-8899-aabbccddeeff";

    fn structure(kind: u8, fields: &[u8], strings: &[&str]) -> Vec<u8> {
        let length = u8::try_from(fields.len() + 4).unwrap();
        let mut bytes = vec![kind, length, kind, 0];
        bytes.extend(fields);
        for string in strings {
            bytes.extend(string.bytes().chain([0]));
        }
        bytes.extend(if strings.is_empty() {
            &[0, 0][..]
        } else {
            &[0]
        });
        bytes
    }

    fn value(version: (u8, u8), structures: &[Vec<u8>]) -> Vec<u8> {
        let tables = structures.concat();
        let length = u32::try_from(tables.len()).unwrap();
        let mut bytes = vec![0, version.0, version.1, 0];
        bytes.extend(length.to_le_bytes());
        bytes.extend(tables);
        bytes
    }

    fn system() -> Vec<u8> {
        let fields = [&[1, 2, 3, 0][..], &UUID_BYTES, &[6, 0, 0]].concat();
        structure(
            1,
            &fields,
            &["Microsoft Corporation", "Virtual Machine", "7.0"],
        )
    }

    fn chassis(tag: &str) -> Vec<u8> {
        structure(
            3,
            &[1, 3, 0, 0, 2, 3, 3, 3],
            &["Microsoft Corporation", tag],
        )
    }

    /// As long as those of a real machine, with what stands before and after.
    fn machine(tag: &str) -> Vec<u8> {
        let bios = structure(
            0,
            &[1, 2, 0, 0xf0, 3, 0, 8, 0],
            &["American Megatrends", "090008", "12/07/2018"],
        );
        let end = structure(127, &[], &[]);
        value(
            (3, 1),
            &[
                bios,
                system(),
                chassis(tag),
                structure(32, &[0; 7], &[]),
                end,
            ],
        )
    }

    #[test]
    fn azures_mark_and_the_uuid_are_found() {
        let firmware = Firmware::read(&machine(AZURE_ASSET_TAG)).unwrap();
        assert_eq!(
            firmware.chassis_asset_tag,
            AssetTag::Present(AZURE_ASSET_TAG.into())
        );
        assert_eq!(firmware.system_uuid.as_deref(), Some(UUID));
        assert_eq!(
            firmware.manufacturer.as_deref(),
            Some("Microsoft Corporation")
        );
        assert_eq!(firmware.product.as_deref(), Some("Virtual Machine"));
    }

    #[test]
    fn before_version_2_6_a_uuid_is_big_endian() {
        let firmware = Firmware::read(&value((2, 5), &[system()])).unwrap();
        assert_eq!(
            firmware.system_uuid.as_deref(),
            Some("33221100-5544-7766-8899-aabbccddeeff")
        );
    }

    #[test]
    fn a_uuid_of_zeros_or_ones_is_none() {
        for byte in [0, 0xff] {
            let fields = [&[0, 0, 0, 0][..], &[byte; 16]].concat();
            let firmware = Firmware::read(&value((3, 0), &[structure(1, &fields, &[])])).unwrap();
            assert_eq!(
                firmware,
                Firmware {
                    chassis_asset_tag: AssetTag::Absent,
                    ..Firmware::default()
                }
            );
        }
    }

    #[test]
    fn no_tag_an_empty_tag_and_no_enclosure_are_told_apart() {
        let tag = |structures: &[Vec<u8>]| {
            Firmware::read(&value((3, 1), structures))
                .unwrap()
                .chassis_asset_tag
        };
        let old = structure(3, &[0, 3, 0], &[]);
        let empty = structure(3, &[1, 3, 0, 0, 0], &["Microsoft Corporation"]);
        assert_eq!(tag(&[system()]), AssetTag::Absent);
        assert_eq!(tag(&[old]), AssetTag::Absent);
        assert_eq!(tag(&[empty]), AssetTag::Present(String::new()));
        // The system's first enclosure is the machine; others are docks and racks.
        assert_eq!(
            tag(&[chassis("a"), chassis("b")]),
            AssetTag::Present("a".into())
        );
    }

    #[test]
    fn what_stands_behind_the_end_of_the_table_does_not_count() {
        let structures = [structure(127, &[], &[]), chassis(AZURE_ASSET_TAG)];
        let firmware = Firmware::read(&value((3, 1), &structures)).unwrap();
        assert_eq!(firmware.chassis_asset_tag, AssetTag::Absent);
    }

    #[test]
    fn control_characters_of_a_firmware_do_not_reach_a_terminal() {
        let firmware = Firmware::read(&machine("\u{1b}[2J")).unwrap();
        assert_eq!(firmware.chassis_asset_tag, AssetTag::Present(" [2J".into()));
    }

    #[test]
    fn a_table_that_contradicts_itself_is_unreadable() {
        let dangling = value((3, 1), &[structure(3, &[0, 3, 0, 0, 9], &["one"])]);
        let mut too_short_a_structure = value((3, 1), &[chassis("x")]);
        too_short_a_structure[9] = 3;
        let mut says_too_much = machine("x");
        says_too_much[4] += 1;
        let too_long = value((3, 1), &[vec![0; MAX_TABLE_BYTES + 1]]);
        for bytes in [
            &b""[..],
            &[0; 7],
            &dangling,
            &too_short_a_structure,
            &says_too_much,
            &too_long,
        ] {
            assert_eq!(Firmware::read(bytes), Err(Unknown::Unreadable));
        }
    }

    #[test]
    fn half_a_table_is_never_a_machine_without_the_mark() {
        let whole = machine(AZURE_ASSET_TAG);
        for kept in 0..whole.len() {
            assert_eq!(
                Firmware::read(&whole[..kept]),
                Err(Unknown::Unreadable),
                "{kept}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = Firmware::read(&bytes);
        }

        #[test]
        fn one_changed_byte_does_no_harm(at in 0_usize..180, byte: u8) {
            let mut bytes = machine(AZURE_ASSET_TAG);
            let at = at % bytes.len();
            bytes[at] = byte;
            let _ = Firmware::read(&bytes);
        }
    }
}
