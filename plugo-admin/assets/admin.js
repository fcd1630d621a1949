// The pages work without this. With it, status and priority are saved in place,
// and what is shown stays up to date.
"use strict";
(() => {
  const { prefix, csrf } = document.body.dataset;
  document.documentElement.classList.add("scripted");
  const said = document.getElementById("said");
  const live = document.getElementById("live");

  function say(text, kind, link) {
    if (!said) return;
    live.textContent = text;
    said.className = "note " + (kind || "");
    said.hidden = !text;
    said.textContent = text;
    if (link) {
      const a = document.createElement("a");
      a.href = link.href;
      a.textContent = link.text;
      said.append(" ", a);
    }
  }

  async function problem(response) {
    try {
      return (await response.json()).detail || response.statusText;
    } catch {
      return response.statusText || "the server gave no answer that can be read";
    }
  }

  // The revision that this page shows.
  let known = document.body.dataset.revision;

  // A row of the list: what is chosen is saved at once.
  function fieldsOf(row) {
    return [row.querySelector("select[name=status]"), row.querySelector("input[name=priority]")];
  }

  function show(row, instance) {
    const [status, priority] = fieldsOf(row);
    status.value = instance.status || "";
    priority.value = instance.priority === null ? "" : instance.priority;
    row.dataset.version = instance.version;
    const dot = row.querySelector(".dot");
    if (dot) dot.className = "dot " + instance.effective_status;
    const tick = row.querySelector("input[name=id]");
    if (tick) tick.value = instance.id + ":" + instance.version;
    const set = (name, value) => {
      const field = row.querySelector(`input[name=${name}]`);
      if (field) field.value = value;
    };
    set("version", instance.version);
    set("was-status", status.value);
    set("was-priority", priority.value);
    row.classList.remove("changed", "failed");
    row.classList.add("saved");
    setTimeout(() => row.classList.remove("saved"), 1500);
  }

  const turns = new WeakMap();
  function save(row, change) {
    // One after the other, so that each goes by the version that the last one made.
    const turn = (turns.get(row) || Promise.resolve()).then(() => send(row, change()));
    turns.set(row, turn);
  }

  async function send(row, change) {
    const name = row.querySelector("th a").textContent;
    let response;
    try {
      response = await fetch(`${prefix}/api/v1/instances/${row.dataset.row}`, {
        method: "PATCH",
        headers: {
          "Content-Type": "application/json",
          "X-CSRF-Token": csrf,
          "If-Match": `"${row.dataset.version}"`,
        },
        body: JSON.stringify(change),
      });
    } catch {
      row.classList.add("failed", "changed");
      say(`${name} was not saved: the server does not answer.`, "bad");
      return;
    }
    if (response.ok) {
      show(row, await response.json());
      say(`${name} was saved.`, "good");
      // The next revision is the one of this change.
      known = undefined;
    } else if (response.status === 401) {
      row.classList.add("failed", "changed");
      const here = location.pathname.slice(prefix.length) + location.search;
      const href = `${prefix}/login?next=${encodeURIComponent(here)}`;
      say(`${name} was not saved: you are not logged in any more.`, "bad", { href, text: "Log in" });
    } else {
      row.classList.add("failed", "changed");
      say(`${name} was not saved: ${await problem(response)}.`, "bad");
    }
  }

  for (const row of document.querySelectorAll("tr[data-row]")) {
    const [status, priority] = fieldsOf(row);
    if (!status) continue;
    const value = () => {
      const text = priority.value.trim();
      return text === "" ? null : Number(text);
    };
    status.addEventListener("change", () => save(row, () => ({ status: status.value || null })));
    priority.addEventListener("change", () => {
      if (!/^\s*(-?\d{1,10})?\s*$/.test(priority.value)) {
        row.classList.add("failed", "changed");
        say("A priority is a whole number, or nothing for what the code says.", "bad");
        return;
      }
      save(row, () => ({ priority: value() }));
    });
    for (const field of [status, priority]) {
      field.addEventListener("input", () => row.classList.add("changed"));
    }
    for (const button of row.querySelectorAll("button[name=nudge]")) {
      button.addEventListener("click", (event) => {
        event.preventDefault();
        save(row, () => ({ nudge: Number(button.value) }));
      });
    }
  }

  // Choosing rows.
  const bulk = document.getElementById("bulk");
  if (bulk) {
    const ticks = [...document.querySelectorAll("input[name=id][form=bulk]")];
    const chosen = document.getElementById("chosen");
    const head = document.querySelector("thead .tick");
    const all = document.createElement("input");
    all.type = "checkbox";
    all.setAttribute("aria-label", "Choose all on this page");
    if (head && ticks.length) head.append(all);
    const count = () => {
      const number = ticks.filter((tick) => tick.checked).length;
      chosen.textContent = number ? `${number} chosen` : "";
      all.checked = number > 0 && number === ticks.length;
      all.indeterminate = number > 0 && number < ticks.length;
    };
    all.addEventListener("change", () => {
      for (const tick of ticks) tick.checked = all.checked;
      count();
    });
    for (const tick of ticks) tick.addEventListener("change", count);
    count();
  }

  // Groups that may be absent are closed while they are.
  for (const box of document.querySelectorAll("input[data-opens]")) {
    const group = document.getElementById(box.dataset.opens);
    const set = () => { group.hidden = !box.checked; };
    box.addEventListener("change", set);
    set();
  }

  // What is selected now is asked for again when the revision has changed. A list in which
  // somebody may be at work stays, and is said to be old.
  if (document.querySelector("[data-live], [data-stays]")) {
    const look = async () => {
      if (document.hidden || document.querySelector("[data-live] :focus")) return;
      const response = await fetch(`${prefix}/revision`, { redirect: "manual" });
      if (!response.ok) return;
      const revision = (await response.text()).trim();
      if (revision === known) return;
      if (!document.querySelector("[data-live]")) {
        if (known !== undefined) {
          say("Something was changed meanwhile.", "", { href: location.href, text: "Load the list anew" });
        }
        known = revision;
        return;
      }
      const page = await fetch(location.href, { redirect: "manual" });
      if (!page.ok) return;
      const parsed = new DOMParser().parseFromString(await page.text(), "text/html");
      const fresh = parsed.querySelector("[data-live]");
      if (fresh) {
        document.querySelector("[data-live]").replaceWith(fresh);
        known = revision;
        say("Something was changed; this page shows it.", "");
      }
    };
    setInterval(() => look().catch(() => {}), 2000);
    document.addEventListener("visibilitychange", () => look().catch(() => {}));
  }

  const wrong = document.querySelector("[aria-invalid=true]");
  if (wrong) wrong.focus();
})();
