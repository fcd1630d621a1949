mod crates {
    #[plugo::plugin(name = "one")]
    pub fn one() {}

    #[plugo::plugin(name = "one", namespace = "other")]
    pub fn elsewhere() {}

    pub fn no_plugin() {}

    #[allow(non_camel_case_types)]
    pub struct no_entry;
}

mod same {
    #[plugo::plugin(name = "one")]
    pub fn one() {}
}

mod first {
    plugo::plugins![crate::crates::no_plugin];
}

mod second {
    plugo::plugins![crate::crates::no_entry];
}

mod third {
    plugo::plugins![crate::crates::one, crate::crates::elsewhere, crate::same::one];
}

fn main() {}
