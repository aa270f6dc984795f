// The dispatch page: a slider that moves asks the house what would become of the latest calls; nothing is computed here.
"use strict";
(() => {
  const body = document.body, at = body.dataset.at, lang = body.dataset.lang;
  const controls = [...document.querySelectorAll("[data-path]")];
  const summary = document.querySelector(".summary"), bars = document.querySelector(".bars");
  const [changed, same] = document.querySelectorAll(".calls"), rest = document.querySelector(".same");
  const save = document.querySelector(".save"), said = document.querySelector(".said");
  const note = save.elements.note, primary = save.querySelector(".primary");
  const FIRST = 40; // rows that are drawn at once; the others when they are looked at
  const explained = new Set();
  let asking = null, timer = 0;

  const element = (tag, name, text) => {
    const made = document.createElement(tag);
    if (name) made.className = name;
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const value = (one) => one.type === "checkbox" ? one.checked : one.type === "range" ? Number(one.value) : one.value;
  const was = (one) => one.type === "checkbox" ? one.dataset.was === "true" : one.type === "range" ? Number(one.dataset.was) : one.dataset.was;
  const turned = () => Object.fromEntries(controls.filter((one) => value(one) !== was(one)).map((one) => [one.dataset.path, value(one)]));

  async function ask(path, content, signal) {
    let answer;
    try {
      answer = await fetch(`${at}${path}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(content), signal });
    } catch (fault) {
      if (fault.name === "AbortError") throw fault;
      throw new Error(body.dataset.offline);
    }
    const found = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(found.detail || body.dataset.offline);
    return found;
  }

  function say(text, good) {
    said.textContent = text;
    said.hidden = !text;
    said.classList.toggle("good", Boolean(good));
    mark();
  }

  function mark() {
    for (const one of controls) {
      const label = one.closest("label"), output = label.querySelector("output");
      if (output) output.textContent = Number(one.step) < 1 ? Number(one.value).toFixed(2) : one.value;
      label.classList.toggle("changed", value(one) !== was(one));
    }
    const idle = !Object.keys(turned()).length;
    save.hidden = idle && said.hidden;
    primary.disabled = idle || !note.value.trim();
  }

  function moved() {
    say("");
    clearTimeout(timer);
    timer = setTimeout(preview, 60);
  }

  async function preview() {
    if (asking) asking.abort();
    asking = new AbortController();
    try {
      draw(await ask(`/preview?lang=${lang}`, { values: turned() }, asking.signal));
    } catch (fault) {
      if (fault.name !== "AbortError") say(fault.message);
    }
  }

  function draw(found) {
    summary.textContent = found.summary;
    save.querySelector(".brief").textContent = Object.keys(turned()).length ? found.summary : "";
    bars.replaceChildren(...found.bars.filter((one) => one.rows.length).map((one) => chart(one)));
    const others = found.calls.filter((one) => one.turns), alike = found.calls.filter((one) => !one.turns);
    changed.replaceChildren(...others.slice(0, FIRST).map(row));
    more(changed, others);
    rest.hidden = !alike.length;
    rest.querySelector("summary").textContent = found.unchanged;
    same.replaceChildren();
    rest.ontoggle = () => { if (rest.open && !same.children.length) same.replaceChildren(...alike.map(row)); };
    if (rest.open) rest.ontoggle();
  }

  function more(list, calls) {
    if (calls.length <= FIRST) return;
    const item = element("li"), button = element("button", "more", `+ ${calls.length - FIRST}`);
    button.type = "button";
    button.onclick = () => list.replaceChildren(...calls.map(row));
    item.append(button);
    list.append(item);
  }

  function chart(one) {
    const section = element("section");
    section.append(element("h3", "", `${one.title} · ${bars.dataset.before} → ${bars.dataset.after}`));
    for (const each of one.rows) {
      const bar = element("div", "bar"), tracks = element("span", "tracks");
      for (const [name, count] of [["before", each.before], ["after", each.after]]) {
        const track = element("i", name);
        track.style.width = `${one.most ? (100 * count) / one.most : 0}%`;
        tracks.append(track);
      }
      const same = each.before === each.after;
      bar.append(element("span", "", each.label), tracks, element("b", same ? "same" : "", same ? `${each.after}` : `${each.before} → ${each.after}`));
      section.append(bar);
    }
    return section;
  }

  function row(call) {
    const item = element("li", `call ${call.turns}`), who = element("span", "who", call.customer);
    who.append(element("small", "", `${call.at} · ${call.facts}`));
    const way = element("span", "way"), pill = (one, name) => element("span", `sent ${name}`, [one.label, one.line].filter(Boolean).join(" · "));
    way.append(pill(call.before, "before"));
    if (call.turns) way.append(element("span", "", "→"), pill(call.after, "after"));
    const why = element("button", "", changed.dataset.why);
    why.type = "button";
    why.onclick = () => explain(item, call.id);
    item.append(who, way, why);
    if (explained.has(call.id)) explain(item, call.id);
    return item;
  }

  async function explain(item, id) {
    const shown = item.querySelector("ul");
    if (shown) {
      explained.delete(id);
      return shown.remove();
    }
    explained.add(id);
    try {
      const found = await ask(`/preview?lang=${lang}`, { values: turned(), why: id });
      const list = element("ul");
      list.append(...(found.reasons[0] || []).map((line) => element("li", "", line)));
      item.append(list);
    } catch (fault) {
      say(fault.message);
    }
  }

  async function keep(content) {
    try {
      const found = await ask("", { over: body.dataset.version, ...content });
      if (found.state === "waiting") return say(body.dataset.waiting, true);
      location.reload();
    } catch (fault) {
      say(fault.message);
    }
  }

  for (const one of controls) one.addEventListener("input", moved);
  note.addEventListener("input", mark);
  save.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!primary.disabled) keep({ values: turned(), note: note.value.trim() });
  });
  save.querySelector(".reset").addEventListener("click", () => {
    for (const one of controls) {
      if (one.type === "checkbox") one.checked = was(one); else one.value = one.dataset.was;
    }
    moved();
  });
  for (const one of document.querySelectorAll("[data-again]")) {
    one.addEventListener("click", () => { if (confirm(body.dataset.sure)) keep({ again: one.dataset.again, note: one.dataset.note }); });
  }
  mark();
  preview();
})();
