//! Tests of what operators say in a database, in one binary. They are a package of
//! their own, since whatever builds the dependencies of `tests` anew, as the tests
//! of messages of the compiler do, would build those of a database as well.

mod databases;
mod operator;
#[cfg(unix)]
mod notify;
mod versions;
mod sync;
mod waiting;
mod keys;
mod meant;
mod rekey;
mod laid;
mod users;
mod last_editor;
mod held_lock;
mod follow;
mod restored;
mod faults;
mod search;
mod names;
mod by_hand;
mod closing;
mod refused;
mod looking;
mod program;
mod instances;
mod unreadable;
mod site;
mod pages;
mod settings_pages;
mod new_instance;
mod refused_forms;
mod editors;
mod lists;
mod lost;
mod code_changed;
mod mounted;
mod proxies;
mod many_logins;
mod one_instance;
mod statements;
mod api;
mod api_problems;
mod audit_words;
mod away;
mod guard;
mod account;
#[cfg(unix)]
mod browser;
#[cfg(unix)]
mod narrow;
#[cfg(unix)]
mod notifications;
#[cfg(unix)]
mod backups;
#[cfg(unix)]
mod places;
#[cfg(target_os = "linux")]
mod terminal;
