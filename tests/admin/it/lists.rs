//! What lists say of themselves.

use plugo_admin::{Actor, Auth, Pages, RegisteredItem, RegisteredType, SyncMode};

use crate::site::{Site, nested, registry, run};

#[test]
fn what_is_no_filter_is_told() {
    run(async {
        let site = Site::new().await;
        let mut ann = site.login("ann").await;
        for (query, told) in [
            ("status=foo", "<code>foo</code> is no status; say active, reserve or disabled"),
            ("type=foo", "“foo” is no plugin type"),
            ("present=foo", "and not “foo”"),
            ("sort=foo", "Nothing is sorted by “foo”"),
        ] {
            let page = ann.get(&format!("/instances?{query}")).await.text;
            assert!(page.contains(told), "{told}: {page}");
            assert!(page.contains("sms") && page.contains("mail"));
        }
        let of = site.row("sms").await.item.of.id;
        let path = format!("/instances?status=active&type={of}&present=yes&sort=name");
        let page = ann.get(&path).await.text;
        assert!(!page.contains("note bad"), "{page}");
    });
}

#[test]
fn nothing_that_was_done_is_not_told_as_if_something_was() {
    run(async {
        let site = Site::new().await;
        let mut ann = site.login("ann").await;
        for (query, is_good) in
            [("done=none", false), ("done=saved&n=0", false), ("done=saved", true)]
        {
            let page = ann.get(&format!("/instances?{query}")).await.text;
            assert_eq!(page.contains("class=\"note good\""), is_good, "{query}: {page}");
        }
    });
}

#[test]
fn where_an_item_is_is_told_for_this_program() {
    run(async {
        let site = Site::new().await;
        let more = registry().with_type(
            RegisteredType::new("Otp", "shop").with_item(RegisteredItem::new("elsewhere")),
        );
        site.store.sync(&Actor::of_program(), &more, SyncMode::Create).await.unwrap();
        let mut ann = site.login("ann").await;
        let tag = |page: &str, tag: &str| page.contains(&format!("<span class=\"tag\">{tag}<"));
        let page = ann.get("/instances?search=elsewhere").await.text;
        assert!(tag(&page, "not in this client"), "{page}");
        site.store.sync(&Actor::of_program(), &registry(), SyncMode::Create).await.unwrap();
        let page = ann.get("/instances?search=elsewhere").await.text;
        assert!(tag(&page, "absent") && page.contains("class=\"absent\""), "{page}");
        // The program that has it looks at a database that another one synced last.
        let mut there = site.browser();
        there.cookies = ann.cookies.clone();
        let pages = Pages::new(site.store.clone(), more, Auth::built_in());
        there.asks(nested(pages, "/admin"));
        let page = there.get("/instances?search=elsewhere").await.text;
        assert!(tag(&page, "here, not synced") && !page.contains("class=\"absent\""), "{page}");
    });
}

#[test]
fn a_viewers_form_says_nothing_of_what_to_leave_empty() {
    run(async {
        let site = Site::new().await;
        let stripe = site.stripe().await;
        for (name, is_told) in [("ann", true), ("victor", false)] {
            let mut browser = site.login(name).await;
            let page = browser.get(&format!("/instances/{}", stripe.id)).await.text;
            assert!(page.contains("A value is set"), "{page}");
            assert_eq!(page.contains("empty keeps it"), is_told, "{name}: {page}");
        }
    });
}
