//! The Azure Resource Manager calls a managed identity makes, their errors, and the clouds they live in, without I/O.
