//! The plugin `blog`: posts in Markdown become pages. Its metadata is what
//! `Cargo.toml` says.

#![forbid(unsafe_code)]

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use heck::ToKebabCase as _;
use maud::{Markup, PreEscaped, html};
use pulldown_cmark::Parser;
use web_site::{Site, page};

/// They are compiled in, so that the program is one file. The first line of
/// each is its title.
const POSTS: [&str; 2] = [include_str!("../posts/first.md"), include_str!("../posts/second.md")];

/// Loads before the other plugins, and so stands first on the front page.
#[plugo::plugin(name = "blog", priority = -10)]
fn init_plugin(site: &mut Site, greeting: &str) {
    let blog = Blog { greeting: greeting.to_owned(), posts: POSTS.map(Post::new).into() };
    let routes = Router::new().route("/", get(index)).route("/{slug}", get(post));
    site.mount("blog", routes.with_state(Arc::new(blog)));
}

struct Blog {
    greeting: String,
    posts: Vec<Post>,
}

struct Post {
    slug: String,
    title: String,
    html: String,
}

impl Post {
    fn new(markdown: &str) -> Self {
        let (title, text) = markdown.split_once('\n').unwrap_or((markdown, ""));
        let title = title.trim_start_matches('#').trim();
        let mut html = String::new();
        // HTML in the Markdown stays HTML. Whose posts are strangers' cleans it.
        pulldown_cmark::html::push_html(&mut html, Parser::new(text));
        Post { slug: title.to_kebab_case(), title: title.to_owned(), html }
    }
}

async fn index(State(blog): State<Arc<Blog>>) -> Markup {
    let list = html! {
        p { (blog.greeting) }
        ul {
            @for post in &blog.posts {
                li { a href={ "/blog/" (post.slug) } { (post.title) } }
            }
        }
        p { a href="/" { "All plugins" } }
    };
    page("Blog", &list)
}

async fn post(State(blog): State<Arc<Blog>>, Path(slug): Path<String>) -> (StatusCode, Markup) {
    let back = html! { p { a href="/blog" { "All posts" } } };
    match blog.posts.iter().find(|post| post.slug == slug) {
        Some(post) => {
            (StatusCode::OK, page(&post.title, &html! { (PreEscaped(&post.html)) (back) }))
        }
        None => {
            let nothing = html! { p { "There is no post “" (slug) "”." } (back) };
            (StatusCode::NOT_FOUND, page("Not found", &nothing))
        }
    }
}
