// The chat page's few behaviours that markup cannot say: sending with Enter, tabs on a phone, files chosen, voice recording.
"use strict";
const sentences = document.getElementById("sentences").dataset;
const seatOf = (element) => element.closest(".seat");

function tell(seat, text, wrong = false) {
  const line = seat.querySelector(".chosen");
  line.textContent = text;
  line.hidden = !text;
  line.classList.toggle("wrong", wrong);
}

document.querySelectorAll(".seat").forEach((seat) => {
  const form = seat.querySelector("form.say");
  const text = form.elements.text;
  const files = form.elements.files;
  const lines = seat.querySelector(".lines");

  const grow = () => { text.style.height = "auto"; text.style.height = `${text.scrollHeight}px`; };
  text.addEventListener("input", grow);
  text.addEventListener("keydown", (event) => {
    // 229: the Enter that ends a Chinese input method's composition does not send
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  form.addEventListener("submit", (event) => {
    if (!text.value.trim() && !files.files.length) { event.preventDefault(); event.stopImmediatePropagation(); }
  }, true);
  form.addEventListener("htmx:afterRequest", (event) => {
    if (event.target !== form) return;
    if (event.detail.successful) { form.reset(); grow(); tell(seat, ""); }
  });
  files.addEventListener("change", () => tell(seat, Array.from(files.files, (file) => file.name).join(", ")));
  seat.querySelectorAll("[data-hint]").forEach((hint) => hint.addEventListener("click", () => {
    text.value = hint.textContent; grow(); text.focus();
  }));
  new MutationObserver((changes) => {
    const nearEnd = lines.scrollHeight - lines.scrollTop - lines.clientHeight < 600;
    if (nearEnd || changes.some((change) => Array.from(change.addedNodes).some((node) => node.classList?.contains("mine")))) {
      lines.scrollTop = lines.scrollHeight;
    }
    if (!seat.classList.contains("shown")) {
      const dot = document.querySelector(`[data-tab="${seat.dataset.seat}"] .unread`);
      if (dot && lines.dataset.opened) dot.hidden = false;
    }
  }).observe(lines, { childList: true });
  // a picture takes its room only once it is there; load does not bubble, so it is caught on its way down
  lines.addEventListener("load", (event) => {
    const below = lines.scrollHeight - lines.scrollTop - lines.clientHeight;
    if (below < 600 + event.target.clientHeight) lines.scrollTop = lines.scrollHeight;
  }, true);
  // lines of the past arrive at once when the stream opens; only what comes after them is news
  lines.addEventListener("htmx:sseOpen", () => setTimeout(() => { lines.dataset.opened = "1"; }, 1500));
  seat.querySelector("[data-person]").addEventListener("change", (event) => {
    const here = new URL(location.href);
    here.searchParams.set(event.target.dataset.person, event.target.value);
    location.href = here;
  });
  record(seat, form);
});

document.querySelectorAll("[data-tab]").forEach((tab) => tab.addEventListener("click", () => {
  document.querySelectorAll("[data-tab]").forEach((other) => other.setAttribute("aria-selected", String(other === tab)));
  document.querySelectorAll(".seat").forEach((seat) => seat.classList.toggle("shown", seat.dataset.seat === tab.dataset.tab));
  tab.querySelector(".unread").hidden = true;
  const lines = document.querySelector(`#lines-${tab.dataset.tab}`);
  lines.scrollTop = lines.scrollHeight;
}));

document.body.addEventListener("htmx:responseError", (event) => {
  const seat = seatOf(event.target);
  if (!seat) return;
  let why = sentences.failed;
  try { why = JSON.parse(event.detail.xhr.responseText).detail || why; } catch { /* not one of our own sentences */ }
  tell(seat, why, true);
});
document.body.addEventListener("htmx:sendError", (event) => { const seat = seatOf(event.target); if (seat) tell(seat, sentences.offline, true); });

function record(seat, form) {
  const button = form.querySelector(".mic");
  if (!navigator.mediaDevices || !window.MediaRecorder) return;
  button.hidden = false;
  let recorder = null;
  button.addEventListener("click", async () => {
    if (recorder) { recorder.stop(); return; }
    let stream;
    try { stream = await navigator.mediaDevices.getUserMedia({ audio: true }); } catch { tell(seat, sentences.failed, true); return; }
    const pieces = [];
    recorder = new MediaRecorder(stream);
    recorder.addEventListener("dataavailable", (event) => pieces.push(event.data));
    recorder.addEventListener("stop", () => {
      stream.getTracks().forEach((track) => track.stop());
      button.classList.remove("on");
      const kind = recorder.mimeType.split(";")[0];
      recorder = null;
      const data = new FormData(form);
      data.set("files", new Blob(pieces, { type: kind }), `voice.${kind.split("/")[1]}`);
      data.set("spoken", "true");
      fetch("/chat/messages", { method: "POST", body: data, headers: { "HX-Request": "true" } })
        .then((answer) => tell(seat, answer.ok ? "" : sentences.failed, !answer.ok), () => tell(seat, sentences.offline, true));
    });
    recorder.start();
    button.classList.add("on");
  });
}
