//! What holds when plugins come and go while an app runs.
