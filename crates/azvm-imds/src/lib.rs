//! The Azure Instance Metadata Service protocol: requests, responses, errors and token claims, without I/O.
