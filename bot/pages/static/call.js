// The page of a call plays from the sentence that was tapped, a piece after the other, and shows where it is. Without this
// script the same links open the piece by itself.
"use strict";
(() => {
  const PIECE = 30;
  const { sound, failed, length } = document.body.dataset;
  const bar = document.querySelector(".player");
  const now = bar.querySelector(".now");
  const trouble = bar.querySelector(".trouble");
  const toggle = bar.querySelector(".toggle");
  const sentences = Array.from(document.querySelectorAll(".sentence"));
  const audio = new Audio();
  let begins = 0;
  let shown = null;

  const clock = (seconds) => {
    const whole = Math.floor(seconds), minutes = Math.floor(whole / 60), rest = String(whole % 60).padStart(2, "0");
    return minutes < 60 ? `${minutes}:${rest}` : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
  };
  const show = (sentence) => {
    if (sentence === shown) return;
    shown?.classList.remove("now");
    sentence?.classList.add("now");
    shown = sentence;
  };
  const play = (at) => {
    begins = at;
    trouble.textContent = "";
    bar.hidden = false;
    audio.src = `${sound}?at=${at.toFixed(2)}&for=${PIECE}&lang=${document.documentElement.lang}`;
    audio.play().catch(() => { /* told by the error event, or the reader stopped it */ });
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.play");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    play(Number(link.dataset.at));
  });
  audio.addEventListener("timeupdate", () => {
    const at = begins + audio.currentTime;
    now.textContent = clock(at);
    show(sentences.find((one) => at >= Number(one.dataset.start) && at < Number(one.dataset.end)) ?? shown);
  });
  audio.addEventListener("ended", () => {
    const next = begins + (Number.isFinite(audio.duration) ? Math.min(audio.duration, PIECE) : PIECE);
    if (next < Number(length) - 0.5) play(next);
  });
  audio.addEventListener("error", async () => {
    trouble.textContent = failed;
    try {
      const answer = await fetch(audio.src);
      if (!answer.ok && answer.headers.get("content-type")?.startsWith("text/plain")) trouble.textContent = await answer.text();
    } catch { /* the line that stands there says enough */ }
  });
  audio.addEventListener("play", () => { toggle.textContent = "❚❚"; });
  audio.addEventListener("pause", () => { toggle.textContent = "▶"; });
  toggle.addEventListener("click", () => { if (audio.paused) audio.play().catch(() => {}); else audio.pause(); });
  bar.querySelector(".shut").addEventListener("click", () => { audio.pause(); show(null); bar.hidden = true; });
})();
