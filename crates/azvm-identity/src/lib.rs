//! Managed identity tokens on Azure virtual machines, and Azure Resource Manager calls made with them.
