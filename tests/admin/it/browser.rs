//! A headless Chromium, driven over a pipe as its DevTools are.

use std::cell::{Cell, RefCell};
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::databases::{LONG, missing};

/// The browser. It ends with the value, and with this process at the latest: its pipe
/// is closed then.
pub(crate) struct Browser {
    child: Child,
    pipe: RefCell<ChildStdin>,
    answers: Receiver<Value>,
    last: Cell<u64>,
    _profile: TempDir,
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Browser {
    /// None where none is installed.
    pub(crate) fn start() -> Option<Self> {
        let Some(program) = program() else {
            missing("with a browser: PATH has no chromium");
            return None;
        };
        let profile = tempfile::tempdir().unwrap();
        // It reads commands from descriptor 3, and writes answers to 4.
        let script = r#"exec 3<&0 4>&1 </dev/null >/dev/null 2>&1; exec "$0" "$@""#;
        let mut command = Command::new("sh");
        command.arg("-c").arg(script).arg(program);
        command.args(["--headless", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu"]);
        // Root has no sandbox, and all that is opened is ours.
        command.args(["--no-sandbox", "--disable-dev-shm-usage", "--window-size=1100,900"]);
        command.arg(format!("--user-data-dir={}", profile.path().display()));
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.expect("a shell");
        let pipe = RefCell::new(child.stdin.take().unwrap());
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let (sender, answers) = channel();
        std::thread::spawn(move || {
            let mut message = Vec::new();
            while out.read_until(0, &mut message).is_ok_and(|read| read > 0) {
                let whole = message.strip_suffix(&[0]).unwrap_or(&message);
                let Ok(value) = serde_json::from_slice::<Value>(whole) else { break };
                // What is no answer tells of events.
                if value["id"].is_u64() && sender.send(value).is_err() {
                    break;
                }
                message.clear();
            }
        });
        Some(Browser { child, pipe, answers, last: Cell::new(0), _profile: profile })
    }

    /// A new tab, which knows nobody.
    pub(crate) fn tab(&self) -> Tab<'_> {
        let target = self.must(None, "Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = self.must(None, "Target.attachToTarget", attach);
        let session = session["sessionId"].as_str().unwrap().to_owned();
        Tab { browser: self, session }
    }

    fn must(&self, session: Option<&str>, method: &str, params: Value) -> Value {
        self.call(session, method, params).unwrap_or_else(|why| panic!("{method}: {why}"))
    }

    fn call(&self, session: Option<&str>, method: &str, params: Value) -> Result<Value, String> {
        let id = self.last.get() + 1;
        self.last.set(id);
        let mut message = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.pipe.borrow_mut().write_all(&bytes).map_err(|error| error.to_string())?;
        loop {
            let answer = self.answers.recv_timeout(LONG).expect("the browser answers");
            if answer["id"] == id {
                return match answer.get("error") {
                    Some(error) => Err(error.to_string()),
                    None => Ok(answer["result"].clone()),
                };
            }
        }
    }
}

/// A page of the browser.
pub(crate) struct Tab<'b> {
    browser: &'b Browser,
    session: String,
}

impl Tab<'_> {
    fn call(&self, method: &str, params: Value) -> Value {
        self.browser.must(Some(&self.session), method, params)
    }

    /// No script of a page runs from the next one on.
    pub(crate) fn without_scripts(&self) {
        self.call("Emulation.setScriptExecutionDisabled", json!({ "value": true }));
    }

    pub(crate) fn open(&self, url: &str) {
        // A page that is there already would do for the wait.
        self.call("Page.navigate", json!({ "url": "about:blank" }));
        self.until("location.href == 'about:blank'");
        self.call("Page.navigate", json!({ "url": url }));
        self.until("location.href != 'about:blank' && document.readyState == 'complete'");
    }

    /// What an expression gives, or why it gives nothing: while a page changes into
    /// another, for example.
    pub(crate) fn eval(&self, expression: &str) -> Result<Value, String> {
        let params = json!({ "expression": expression, "returnByValue": true });
        let session = Some(self.session.as_str());
        let result = self.browser.call(session, "Runtime.evaluate", params)?;
        match result.get("exceptionDetails") {
            Some(thrown) => Err(thrown.to_string()),
            None => Ok(result["result"]["value"].clone()),
        }
    }

    pub(crate) fn until(&self, condition: &str) {
        let start = Instant::now();
        while self.eval(&format!("Boolean({condition})")) != Ok(Value::Bool(true)) {
            let page = "location.href + '\\n' + document.body.innerText";
            assert!(start.elapsed() < LONG, "never: {condition}\n{:?}", self.eval(page));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn text(&self, selector: &str) -> String {
        let text = self.eval(&format!("document.querySelector({selector:?}).innerText"));
        text.unwrap().as_str().unwrap().trim().to_owned()
    }

    /// Clicks with the mouse.
    pub(crate) fn click(&self, selector: &str) {
        self.until(&format!("document.querySelector({selector:?})"));
        let script = format!(
            "(() => {{ const e = document.querySelector({selector:?}); \
             e.scrollIntoView({{ block: 'center', behavior: 'instant' }}); \
             const r = e.getBoundingClientRect(); \
             return [r.x + r.width / 2, r.y + r.height / 2]; }})()"
        );
        let at = self.eval(&script).unwrap();
        for kind in ["mousePressed", "mouseReleased"] {
            let params = json!({
                "type": kind, "x": at[0], "y": at[1], "button": "left", "clickCount": 1,
            });
            self.call("Input.dispatchMouseEvent", params);
        }
    }

    /// Types into a field, in place of what it has.
    pub(crate) fn type_into(&self, selector: &str, text: &str) {
        self.click(selector);
        self.eval(&format!("document.querySelector({selector:?}).select()")).unwrap();
        self.call("Input.insertText", json!({ "text": text }));
    }

    /// Chooses of a list, as somebody with a keyboard does.
    pub(crate) fn choose(&self, selector: &str, value: &str) {
        let script = format!(
            "(() => {{ const e = document.querySelector({selector:?}); e.focus(); \
             e.value = {value:?}; \
             for (const name of ['input', 'change']) \
             e.dispatchEvent(new Event(name, {{ bubbles: true }})); return e.value; }})()"
        );
        assert_eq!(self.eval(&script).unwrap(), value, "{selector} has no such value");
    }

    /// Another size, in pixels.
    pub(crate) fn size(&self, width: u32, height: u32) {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size);
    }

    /// A picture of the page for whoever sets `PLUGO_SCREENSHOTS` to a folder.
    pub(crate) fn pictures(&self, name: &str) {
        let Some(folder) = env::var_os("PLUGO_SCREENSHOTS").map(PathBuf::from) else { return };
        for (kind, scheme, width) in
            [("light", "light", 1100), ("dark", "dark", 1100), ("narrow", "light", 380)]
        {
            let feature = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
            self.call("Emulation.setEmulatedMedia", json!({ "features": feature }));
            self.size(width, 900);
            let picture = json!({ "format": "png", "captureBeyondViewport": true });
            let picture = self.call("Page.captureScreenshot", picture);
            let text = picture["data"].as_str().unwrap();
            std::fs::write(folder.join(format!("{name}-{kind}.base64")), text).unwrap();
        }
        self.call("Emulation.clearDeviceMetricsOverride", json!({}));
    }
}

fn program() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let all = env::split_paths(&path).flat_map(|dir| names.map(|name| dir.join(name)));
    all.into_iter().find(|program| program.is_file())
}
