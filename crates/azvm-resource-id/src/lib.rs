//! Azure Resource Manager resource IDs: parse, validate, compare and build, with errors that point at the place.
