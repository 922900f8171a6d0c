//! An Azure VM's metadata service and Resource Manager over real sockets, from a scenario file: a test double for any SDK.
