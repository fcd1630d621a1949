//! What all commands have in common: help, names, exit codes, colours, and
//! programs that are commands.
