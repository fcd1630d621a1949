//! What operators see and do in the admin pages.

use axum::http::StatusCode;
use plugo_admin::{
    Actor, Auth, Change, InstanceQuery, RegisteredItem, RegisteredType, Role, SyncMode, Via,
};
use plugo_core::Status;

use crate::site::{MARKUP, Site, registry, run, target};

fn selected(site: &Site) -> String {
    let snapshot = site.following.as_ref().unwrap().snapshot().unwrap();
    let ranked = snapshot.ranked(&registry(), "Otp", "shop");
    let first = ranked.iter().find(|ranked| ranked.status != Status::Disabled).unwrap();
    first.item.to_string()
}

#[test]
fn django_d31_a_page_tells_what_is_not_compiled_in() {
    run(async {
        let site = Site::new().await;
        let more = registry().with_type(
            RegisteredType::new("Otp", "shop").with_item(RegisteredItem::new("elsewhere")),
        );
        site.store.sync(&Actor::of_program(), &more, SyncMode::Create).await.unwrap();
        let mut ann = site.login("ann").await;
        let elsewhere = site.row("elsewhere").await;
        let page = ann.get(&format!("/instances/{}", elsewhere.id)).await.text;
        assert!(page.contains(">not in this client<"), "{page}");
        site.store.sync(&Actor::of_program(), &registry(), SyncMode::Create).await.unwrap();
        let page = ann.get(&format!("/instances/{}", elsewhere.id)).await.text;
        assert!(page.contains(">absent<"), "{page}");
        let page = ann.get("/plugins?search=elsewhere").await.text;
        assert!(page.contains(">absent<") && !page.contains(">compiled in<"), "{page}");
        let page = ann.get("/plugins?search=sms").await.text;
        assert!(page.contains(">compiled in<") && !page.contains(">absent<"), "{page}");
        // It is in the list, and its constructor cannot be called.
        let path = format!("/instances/{}/construct", elsewhere.id);
        let page = ann.post(&path, &[]).await.text;
        assert!(
            page.contains("does not construct") && page.contains("not in this program"),
            "{page}"
        );
    });
}

#[test]
fn django_d32_x14_rows_that_are_chosen_change_at_once_and_lookups_go_by_it() {
    run(async {
        let site = Site::new().await;
        let mut ann = site.login("ann").await;
        for (action, status) in [
            ("active", Some(Status::Active)),
            ("reserve", Some(Status::Reserve)),
            ("disabled", Some(Status::Disabled)),
            ("status-of-code", None),
        ] {
            let (sms, mail) = (site.row("sms").await, site.row("mail").await);
            let fields = [("id", &*target(&sms)), ("id", &*target(&mail)), ("action", action)];
            let answer = ann.post("/instances/bulk", &fields).await;
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
            assert!(
                answer.location().contains("done=saved&n=2")
                    || answer.location().contains("n=2&done=saved"),
                "{}",
                answer.location()
            );
            assert_eq!(site.row("sms").await.status, status);
            assert_eq!(site.row("mail").await.status, status);
            let expected = match status {
                Some(Status::Reserve | Status::Disabled) => "push",
                _ => "sms",
            };
            assert_eq!(selected(&site), expected, "{action}");
        }
        let lines = site.store.audit(&Default::default()).await.unwrap().rows;
        let of_ann = lines.iter().filter(|line| line.actor == "ann" && line.via == Via::Page);
        assert_eq!(of_ann.count(), 8);
    });
}

#[test]
fn django_d33_a_priority_is_raised_and_lowered_in_the_page() {
    run(async {
        let site = Site::new().await;
        let mut ann = site.login("ann").await;
        let sms = site.row("sms").await;
        let path = format!("/instances/{}", sms.id);
        let nudge = |nudge: &'static str, version: i64| (nudge, version.to_string());
        for ((by, version), expected) in
            [(nudge("-1", 1), 9), (nudge("1", 2), 10), (nudge("1", 3), 11)]
        {
            let answer = ann.post(&path, &[("nudge", by), ("version", &version)]).await;
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
            assert_eq!(site.row("sms").await.priority, Some(expected));
        }
        site.edit(&sms, Change::Priority(Some(i32::MAX))).await;
        let row = site.row("sms").await;
        let fields = [("id", &*target(&row)), ("action", "last")];
        let answer = ann.post("/instances/bulk", &fields).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert_eq!(site.row("sms").await.priority, Some(i32::MAX));
    });
}

#[test]
fn django_d34_the_list_is_searched_filtered_sorted_and_edited_in_place() {
    run(async {
        let site = Site::new().await;
        site.stripe().await;
        let mut ann = site.login("ann").await;
        let mail = site.row("mail").await;
        site.edit(&mail, Change::Status(Some(Status::Disabled))).await;
        let names = ["sms", "mail", "push", "stripe: production"];
        let of = mail.item.of.id;
        for (query, expected) in [
            ("", "push sms stripe: production mail"),
            ("search=MAI", "mail"),
            ("search=production", "stripe: production"),
            ("search=%25", ""),
            ("status=disabled", "mail"),
            ("status=active&search=s", "push sms stripe: production"),
            ("package=sms", "sms"),
            ("present=no", ""),
            ("sort=name", "mail push sms stripe: production"),
            ("sort=name&order=down", "stripe: production sms push mail"),
            (
                "sort=nonsense&order=sideways&status=?&type=7&page=x&per=-1",
                "push sms stripe: production mail",
            ),
        ] {
            let page = ann.get(&format!("/instances?{query}")).await;
            assert_eq!(page.status, StatusCode::OK);
            let mut found: Vec<(usize, &str)> = names
                .iter()
                .filter_map(|name| Some((page.text.find(&format!(">{name}</a>"))?, *name)))
                .collect();
            found.sort_unstable();
            let mut found: Vec<&str> = found.into_iter().map(|(_, name)| name).collect();
            if !query.contains("sort=name") {
                // By priority; the two orders of the first rows are told apart elsewhere.
                let mut expected: Vec<&str> =
                    names.iter().copied().filter(|name| expected.contains(name)).collect();
                expected.sort_unstable();
                found.sort_unstable();
                assert_eq!(found, expected, "{query}");
            } else {
                assert_eq!(found.join(" "), expected, "{query}");
            }
        }
        let page = ann.get(&format!("/instances?type={of}")).await.text;
        assert!(page.contains(">sms</a>") && !page.contains("production"), "{page}");
        // In place.
        let sms = site.row("sms").await;
        let fields = [
            ("status", "reserve"),
            ("priority", "7"),
            ("version", "1"),
            ("back", "/instances?search=s"),
        ];
        let answer = ann.post(&format!("/instances/{}", sms.id), &fields).await;
        assert_eq!(answer.location(), "/admin/instances?search=s&n=1&done=saved");
        let sms = site.row("sms").await;
        assert_eq!((sms.status, sms.priority), (Some(Status::Reserve), Some(7)));
        let fields = [("status", ""), ("priority", ""), ("version", "2")];
        ann.post(&format!("/instances/{}", sms.id), &fields).await;
        let sms = site.row("sms").await;
        assert_eq!((sms.status, sms.priority), (None, None), "as the code says");
    });
}

#[test]
fn x22_whoever_may_only_look_changes_nothing() {
    run(async {
        let site = Site::new().await;
        let mut victor = site.login("victor").await;
        let sms = site.row("sms").await;
        let page = victor.get("/instances").await.text;
        assert!(
            page.contains(">sms</a>") && !page.contains("<select name=\"status\" form"),
            "{page}"
        );
        let before = site.store.revision().await.unwrap();
        let fields = [("id", &*target(&sms)), ("action", "disabled")];
        let answer = victor.post("/instances/bulk", &fields).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert!(
            answer.text.contains("Nothing was changed")
                || answer.text.contains("nothing was changed")
        );
        assert_eq!(site.store.revision().await.unwrap(), before);
        assert_eq!(site.row("sms").await, sms);
        // A role that is taken away is gone at once.
        let mut ann = site.login("ann").await;
        site.store.set_role(&Actor::new("x", Via::Command), "ann", Role::View).await.unwrap();
        assert_eq!(ann.post("/instances/bulk", &fields).await.status, StatusCode::FORBIDDEN);
    });
}

#[test]
fn x23_what_the_page_does_is_in_the_audit_log() {
    run(async {
        let site = Site::new().await;
        let mut ann = site.login("ann").await;
        let sms = site.row("sms").await;
        let fields = [("status", "disabled"), ("priority", ""), ("version", "1")];
        ann.post(&format!("/instances/{}", sms.id), &fields).await;
        let line = site.store.audit(&Default::default()).await.unwrap().rows.remove(0);
        assert_eq!((&*line.actor, line.via, &*line.subject), ("ann", Via::Page, "sms"));
        assert_eq!(
            (line.field.as_deref(), line.before, line.after.as_deref()),
            (Some("status"), None, Some("disabled"))
        );
        let page = ann.get("/audit?actor=ann").await.text;
        for text in [">ann</a>", ">sms</a>", "status", "as the code says", "disabled"] {
            assert!(page.contains(text), "{text}: {page}");
        }
        assert!(ann.get("/audit?search=nothing-like-it").await.text.contains("Nothing fits"));
    });
}

#[test]
fn what_is_selected_now_is_told_with_the_reason() {
    run(async {
        let site = Site::new().await;
        let mut ann = site.login("ann").await;
        let sms = site.row("sms").await;
        let path = format!("/types/{}", sms.item.of.id);
        let page = ann.get(&path).await.text;
        assert!(page.contains("active, with the lowest priority, 10"), "{page}");
        let rev = ann.get("/revision").await.text;
        site.edit(&sms, Change::Status(Some(Status::Disabled))).await;
        assert_ne!(ann.get("/revision").await.text, rev);
        let page = ann.get(&path).await.text;
        assert!(page.contains("with the lowest priority, 20"), "{page}");
        assert!(page.contains("disabled by an operator"), "{page}");
        for name in ["mail", "push"] {
            site.edit(
                &site.row(name).await,
                Change::StatusAndPriority(Some(Status::Reserve), Some(1)),
            )
            .await;
        }
        let page = ann.get(&path).await.text;
        assert!(page.contains("none is active; of those in reserve, first by name"), "{page}");
        for name in ["mail", "push"] {
            site.edit(&site.row(name).await, Change::Status(Some(Status::Disabled))).await;
        }
        let page = ann.get(&path).await.text;
        assert!(page.contains("None of its instances can be selected"), "{page}");
    });
}

#[test]
fn names_with_markup_are_shown_as_they_are() {
    run(async {
        let registry = registry().with_type(
            RegisteredType::new(MARKUP, MARKUP)
                .description(MARKUP)
                .with_item(RegisteredItem::new(MARKUP).description(MARKUP).namespace(MARKUP)),
        );
        let site =
            Site::of(registry, Auth::built_in(), |pages| pages.title(MARKUP), "/admin").await;
        let setup = Actor::new(MARKUP, Via::Command);
        site.store.add_user(&setup, MARKUP, crate::site::PASSWORD, Role::Edit).await.unwrap();
        let mut ann = site.login(MARKUP).await;
        let query = InstanceQuery { per_page: 100, ..InstanceQuery::default() };
        let rows = site.store.instances(&query).await.unwrap().rows;
        let row = rows.iter().find(|row| row.item.name == MARKUP).unwrap();
        let escaped = "%3Cscript%3Ealert(1)%3C%2Fscript%3E%22%27%26";
        for path in [
            "/types".to_owned(),
            "/instances".into(),
            format!("/types/{}", row.item.of.id),
            format!("/instances/{}", row.id),
            "/plugins".into(),
            "/audit".into(),
            "/users".into(),
            format!(
                "/instances?search={escaped}&package={escaped}&sort={escaped}&order={escaped}&per={escaped}"
            ),
            format!("/audit?search={escaped}&actor={escaped}&subject={escaped}"),
            format!("/plugins?search={escaped}&present={escaped}"),
            format!("/login?next={escaped}"),
            format!("/types?done={escaped}&n={escaped}"),
        ] {
            let page = ann.get(&path).await.text;
            assert!(!page.contains("<script>") && !page.contains("\"'&\""), "{path}: {page}");
        }
        let page = ann.get("/instances").await.text;
        assert!(page.contains("&#60;script&#62;"), "{page}");
    });
}
