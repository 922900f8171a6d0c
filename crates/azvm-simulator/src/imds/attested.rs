//! `/metadata/attested/document`: a signed statement of which VM this is.
//!
//! The signature is a PKCS #7 `SignedData` (RFC 2315 section 9.1, RFC 5652 section 5.1) over JSON.
//! The signer's certificate is issued by the same authority as ARM's.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::json;
use yasna::models::ObjectIdentifier;
use yasna::{DERWriter, Tag};

use super::failure::{failure, invalid_request};
use crate::clock::utc;
use crate::exchange::Reply;
use crate::key::SigningKey;
use crate::simulator::State;
use crate::text::Query;
use crate::tls::Signer;
use crate::world::Cloud;

pub(super) fn answer(state: &State, query: &Query) -> Result<Reply, Reply> {
    let nonce = query.value("nonce").unwrap_or_default();
    if nonce.len() > LONGEST_NONCE || !nonce.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(invalid_request(
            "The nonce is not alphanumeric, or is too long",
        ));
    }
    let signature = statement(state, nonce).and_then(|statement| sign(state, statement.as_bytes()));
    let Some(signature) = signature else {
        return Err(failure(
            500,
            "server_error",
            "The document could not be signed",
        ));
    };
    let body = json!({ "encoding": "pkcs7", "signature": STANDARD.encode(signature) });
    Ok(Reply::json(200, &body))
}

/// What is signed, members in alphabetical order. Without a nonce the time stands for it.
fn statement(state: &State, nonce: &str) -> Option<String> {
    let (world, now) = (state.world(), state.clock.unix_secs());
    let compute = &world.vm.compute;
    let text = |name: &str| compute.get(name).and_then(|value| value.as_str());
    let statement = Statement {
        license_type: text("licenseType").unwrap_or_default(),
        nonce: match nonce {
            "" => utc(now, "%y%m%d%H%M%S"),
            nonce => nonce.to_owned(),
        },
        plan: Plan::default(),
        sku: text("sku").unwrap_or("server"),
        subscription_id: &world.subscription_id,
        time_stamp: TimeStamp {
            created_on: utc(now, STATEMENT_TIME),
            expires_on: utc(now.saturating_add(VALID_SECS), STATEMENT_TIME),
        },
        vm_id: &world.vm.id,
    };
    serde_json::to_string(&statement).ok()
}

fn sign(state: &State, statement: &[u8]) -> Option<Vec<u8>> {
    let key = SigningKey::shared()?;
    let host = match state.world().cloud {
        Cloud::China => "metadata.azure.cn",
        Cloud::Public => "metadata.azure.com",
        Cloud::UsGovernment => "metadata.azure.us",
    };
    let signer = state.tls()?.signer(host, key.pkcs8()?).ok()?;
    let signature = key.sign(statement)?;
    Some(yasna::construct_der(|writer| {
        content_info(writer, SIGNED_DATA, |writer| {
            signed_data(writer, statement, &signer, &signature);
        });
    }))
}

/// `ContentInfo`: a type, and explicitly tagged what is of it.
fn content_info(writer: DERWriter<'_>, kind: &[u64], content: impl FnOnce(DERWriter<'_>)) {
    writer.write_sequence(|writer| {
        writer.next().write_oid(&ObjectIdentifier::from_slice(kind));
        writer.next().write_tagged(Tag::context(0), content);
    });
}

fn signed_data(writer: DERWriter<'_>, statement: &[u8], signer: &Signer, signature: &[u8]) {
    writer.write_sequence(|writer| {
        writer.next().write_u8(1);
        writer
            .next()
            .write_set(|writer| algorithm(writer.next(), SHA256));
        content_info(writer.next(), DATA, |writer| writer.write_bytes(statement));
        writer
            .next()
            .write_tagged_implicit(Tag::context(0), |writer| {
                writer.write_set(|writer| writer.next().write_der(&signer.certificate));
            });
        writer.next().write_set(|writer| {
            signer_info(writer.next(), signer, signature);
        });
    });
}

fn signer_info(writer: DERWriter<'_>, signer: &Signer, signature: &[u8]) {
    writer.write_sequence(|writer| {
        writer.next().write_u8(1);
        writer.next().write_sequence(|writer| {
            writer.next().write_der(&signer.issuer_name);
            writer.next().write_bigint_bytes(&signer.serial, true);
        });
        algorithm(writer.next(), SHA256);
        algorithm(writer.next(), RSA_ENCRYPTION);
        writer.next().write_bytes(signature);
    });
}

fn algorithm(writer: DERWriter<'_>, kind: &[u64]) {
    writer.write_sequence(|writer| {
        writer.next().write_oid(&ObjectIdentifier::from_slice(kind));
        writer.next().write_null();
    });
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Statement<'a> {
    license_type: &'a str,
    nonce: String,
    plan: Plan,
    sku: &'a str,
    subscription_id: &'a str,
    time_stamp: TimeStamp,
    vm_id: &'a str,
}

#[derive(Default, Serialize)]
struct Plan {
    name: &'static str,
    product: &'static str,
    publisher: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TimeStamp {
    created_on: String,
    expires_on: String,
}

const LONGEST_NONCE: usize = 32;
const STATEMENT_TIME: &str = "%m/%d/%y %H:%M:%S -0000";
const VALID_SECS: i64 = 6 * 3600;

// Object identifiers of RFC 5652 sections 4 and 5.1, RFC 5754 section 2.2 and RFC 8017 appendix A.
const DATA: &[u64] = &[1, 2, 840, 113_549, 1, 7, 1];
const SIGNED_DATA: &[u64] = &[1, 2, 840, 113_549, 1, 7, 2];
const SHA256: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 2, 1];
const RSA_ENCRYPTION: &[u64] = &[1, 2, 840, 113_549, 1, 1, 1];
