#[plugo::plugin]
struct Plugin;

#[plugo::plugin(name = "module")]
mod module {}

#[plugo::plugin]
static PLUGIN: u8 = 0;

trait Init {
    #[plugo::plugin]
    fn init_plugin();
}

fn main() {}
