//! The ids under which Azure's support finds an answer.

use alloc::string::String;
use azvm_exchange::{Response, service_text};

/// What ARM writes into the headers of every answer, so that it can be found again.
///
/// The names are those of the provider contract (Azure/azure-resource-manager-rpc:v1.0/common-api-details.md).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestIds {
    /// `x-ms-request-id`: this operation.
    pub request_id: Option<String>,
    /// `x-ms-correlation-request-id`: the operation and those that it caused.
    pub correlation_id: Option<String>,
    /// `x-ms-routing-request-id`: `REGION:YYYYMMDDThhmmssZ:GUID`.
    pub routing_id: Option<String>,
    /// `x-ms-failure-cause`: `gateway` when ARM itself refused, and no resource provider behind it.
    pub failure_cause: Option<String>,
}

impl RequestIds {
    /// Reads the headers.
    ///
    /// ```
    /// use azvm_arm::RequestIds;
    /// use azvm_exchange::Response;
    /// let header = ("x-ms-routing-request-id".to_owned(), "WESTEUROPE:20260911T163556Z:3c1d".to_owned());
    /// let ids = RequestIds::read(&Response::new(200, vec![header], vec![]));
    /// assert_eq!(ids.region(), Some("WESTEUROPE"));
    /// ```
    pub fn read(response: &Response) -> Self {
        let header = |name: &str| {
            let value = service_text(response.header(name)?);
            (!value.is_empty()).then_some(value)
        };
        Self {
            request_id: header("x-ms-request-id"),
            correlation_id: header("x-ms-correlation-request-id"),
            routing_id: header("x-ms-routing-request-id"),
            failure_cause: header("x-ms-failure-cause"),
        }
    }

    /// The region of ARM that answered: what [`routing_id`](Self::routing_id) begins with. Answers of different regions
    /// may disagree for a while after a role was given.
    pub fn region(&self) -> Option<&str> {
        let (region, _) = self.routing_id.as_deref()?.split_once(':')?;
        Some(region).filter(|region| !region.is_empty())
    }
}
