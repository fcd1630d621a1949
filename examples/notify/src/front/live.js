// Shows what operators change without a reload. Without this script, a reload shows it.
"use strict";

const now = document.getElementById("now");

async function refresh() {
    const answer = await fetch("/", { headers: { accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const old of document.querySelectorAll("[data-live]")) {
        const fresh = page.getElementById(old.id);
        // Nobody loses what they are about to choose.
        if (!fresh || old.contains(document.activeElement)) continue;
        old.replaceChildren(...fresh.childNodes);
        Object.assign(old.dataset, fresh.dataset);
    }
}

async function follow() {
    for (;;) {
        try {
            const held = now.dataset.revision;
            const answer = await fetch(`/changed?revision=${held}`);
            if (answer.ok && (await answer.text()) !== held) await refresh();
        } catch {
            await new Promise((done) => setTimeout(done, 2000));
        }
    }
}

if (now) follow();
