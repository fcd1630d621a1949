//! The pages on a small screen, in a browser, with scripts and without.

use std::net::TcpListener;

use plugo_admin::{Auth, Change};
use plugo_core::Status;

use crate::browser::{Browser, Tab};
use crate::site::{PASSWORD, Site, registry};

/// What stands outside of the part of the page that holds it.
const OUTSIDE: &str = "[...document.querySelectorAll('main button, main input, main select, main a, \
    nav a')].filter(e => { if (e.closest('.hidden, [hidden]') || !e.getClientRects().length) return \
    false; const r = e.getBoundingClientRect(); const by = (e.closest('.table, .card') || \
    document.documentElement).getBoundingClientRect(); return r.right > by.right + 0.5 || r.left < \
    by.left - 0.5 || r.right > innerWidth + 0.5; }).map(e => e.outerHTML.slice(0, 120)).join('\\n')";

/// Whether the page has to be scrolled sideways.
const SIDEWAYS: &str =
    "document.documentElement.scrollWidth > document.documentElement.clientWidth";

fn fits(tab: &Tab<'_>) {
    for width in [360, 700, 901, 1100] {
        tab.size(width, 900);
        // The browser takes a moment to lay the page out anew.
        tab.until(&format!("innerWidth == {width} && !({OUTSIDE}) && !({SIDEWAYS})"));
    }
}

#[test]
fn nothing_stands_outside_of_its_card_on_a_small_screen() {
    let Some(browser) = Browser::start() else { return };
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
    let (site, address) = runtime.block_on(async {
        let site = Site::of(registry(), Auth::built_in(), |pages| pages, "").await;
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        let address = socket.local_addr().unwrap();
        let socket = tokio::net::TcpListener::from_std(socket).unwrap();
        let app = site.app.clone();
        tokio::spawn(async move { axum::serve(socket, app).await });
        (site, address)
    });
    let (stripe, sms) = runtime.block_on(async {
        let stripe = site.stripe().await;
        site.edit(&stripe, Change::Status(Some(Status::Disabled))).await;
        (stripe, site.row("sms").await)
    });
    let tab = browser.tab();
    tab.open(&format!("http://{address}/login"));
    tab.type_into("#name", "ann");
    tab.type_into("#password", PASSWORD);
    tab.click("button.primary");
    tab.until("location.pathname == '/'");
    for scripts in [false, true] {
        let tab = browser.tab();
        if !scripts {
            tab.without_scripts();
        }
        for path in [
            "/types".to_owned(),
            format!("/types/{}", stripe.item.of.id),
            "/instances".to_owned(),
            format!("/instances/{}", stripe.id),
            format!("/items/{}/new", stripe.item.id),
            "/plugins".to_owned(),
            "/audit".to_owned(),
            "/database".to_owned(),
            "/users".to_owned(),
            "/account".to_owned(),
        ] {
            tab.open(&format!("http://{address}{path}"));
            fits(&tab);
        }
        tab.open(&format!("http://{address}/instances"));
        tab.size(360, 900);
        let row = format!("tr[data-row=\"{}\"]", sms.id);
        // With scripts the button comes once something was not saved.
        if scripts {
            let field = format!("{row} input[name=priority]");
            tab.type_into(&field, "x");
            tab.eval(&format!("document.querySelector('{field}').blur()")).unwrap();
            tab.until(&format!("document.querySelector('{row}.failed')"));
        }
        let save = format!("document.querySelector('{row} .save button').getClientRects().length");
        assert_eq!(tab.eval(&save).unwrap(), 1);
        fits(&tab);
        // Where the heads of the table are not shown, it is sorted all the same.
        tab.size(360, 900);
        tab.choose("#sort", "priority");
        tab.click(".filters .do button");
        tab.until("location.search.includes('sort=priority')");
    }
    drop(site);
}
