//! What works and what does not between a virtual machine and Azure Resource Manager: facts, findings and reports.
