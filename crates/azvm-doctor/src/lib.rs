//! The azvm command line: says why a managed identity does not work on this virtual machine and what to type to mend it.
