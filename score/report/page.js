"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const [canvas, sound, seek, scroll] = ["stage", "sound", "seek", "scroll"].map($);
  const perSecond = Number(scroll.dataset.perSecond);
  const cursors = document.querySelectorAll(".cursor");
  const black = new Set(data.black);
  const AHEAD_MS = 2200, LANE = 170, MARGIN = 14;
  const NAMES = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];
  const PLAY = "M7 4.5v15l13-7.5z", PAUSE = "M6 5h4v14H6zM14 5h4v14h-4z";

  const ends = (i, f) => data.keys.map((key) => key[i]).reduce((a, b) => f(a, b));
  const view = { x0: ends(0, Math.min), y0: ends(1, Math.min), x1: ends(2, Math.max), y1: ends(3, Math.max) };
  let colours = {}, scale = 1, width = 0, shownMs = -1;

  const across = (y) => MARGIN + (y - view.y0) * scale;      // low notes left
  const down = (x) => LANE + (x - view.x0) * scale;          // the player sits below

  function readColours() {
    const style = getComputedStyle(document.documentElement);
    for (const name of ["card", "ink", "soft", "line", "hit", "off", "extra", "missed", "due", "accent", "key-white", "key-black", "key-edge", "row"])
      colours[name] = style.getPropertyValue("--" + name).trim();
    shownMs = -1;
  }

  function resize() {
    width = canvas.clientWidth;
    scale = (width - 2 * MARGIN) / (view.y1 - view.y0);
    const height = LANE + (view.x1 - view.x0) * scale + 26, ratio = window.devicePixelRatio || 1;
    canvas.style.height = height + "px";
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
    shownMs = -1;
  }

  const at = (notes, ms) => notes.filter((note) => note[1] <= ms && ms < note[2]);

  function fingertips(ms) {
    const times = data.tipTimesMs, last = times.length - 1;
    if (last < 0) return [];
    let low = 0, high = last;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (times[middle] <= ms) low = middle; else high = middle;
    }
    const share = high === low ? 0 : Math.min(Math.max((ms - times[low]) / (times[high] - times[low]), 0), 1);
    return data.tips[low].map((value, i) => value + share * (data.tips[high][i] - value));
  }

  function box(pen, x, y, w, h, radius) {
    pen.beginPath();
    pen.roundRect(x, y, w, h, radius);
  }

  function drawKey(pen, key, due, played) {
    const [x0, y0, x1, y1] = data.keys[key];
    const [left, top, w, h] = [across(y0), down(x0), (y1 - y0) * scale, (x1 - x0) * scale];
    box(pen, left, top, w, h, [0, 0, 4, 4]);
    pen.fillStyle = black.has(key) ? colours["key-black"] : colours["key-white"];
    if (played) pen.fillStyle = due ? colours.hit : colours.extra;
    pen.fill();
    pen.strokeStyle = due && !played ? colours.hit : colours["key-edge"];
    pen.lineWidth = due && !played ? 3 : 1;
    if (due && !played) box(pen, left + 1.5, top + 1.5, w - 3, h - 3, [0, 0, 4, 4]);
    pen.stroke();
  }

  function drawDue(pen, [key, start, end, answered], ms) {
    const [, y0, , y1] = data.keys[key];
    const bottom = LANE * (1 - (start - ms) / AHEAD_MS), top = LANE * (1 - (end - ms) / AHEAD_MS);
    box(pen, across(y0) + 1.5, top + 1.5, (y1 - y0) * scale - 3, bottom - top - 3, 4);
    pen.globalAlpha = start <= ms ? 1 : 0.6;
    pen.setLineDash(answered ? [] : [4, 3]);
    pen.fillStyle = answered ? colours.hit : colours.card;
    pen.strokeStyle = answered ? colours.hit : colours.missed;
    pen.fill();
    pen.stroke();
    pen.globalAlpha = 1;
    if (bottom - top < 20) return;
    pen.fillStyle = answered ? colours.card : colours.missed;
    pen.fillText(NAMES[(data.lowestPitch + key) % 12], across((y0 + y1) / 2), bottom - 7);
  }

  function drawFalling(pen, ms) {
    pen.save();
    pen.beginPath();
    pen.rect(0, 0, width, LANE);
    pen.clip();
    pen.font = "600 12px ui-sans-serif, system-ui, sans-serif";
    pen.textAlign = "center";
    pen.fillStyle = colours.line;
    for (const key of data.keys.keys())
      if ((data.lowestPitch + key) % 12 === 0) pen.fillRect(across(data.keys[key][1]), 0, 1, LANE);
    for (const note of data.due)
      if (note[2] >= ms && note[1] <= ms + AHEAD_MS) drawDue(pen, note, ms);
    pen.restore();
  }

  function drawTips(pen, ms) {
    const tips = fingertips(ms), radius = Math.max(data.tipRadius * scale, 5);
    for (let i = 0; i < tips.length; i += 2) {
      pen.beginPath();
      pen.arc(across(tips[i + 1]), down(tips[i]), radius, 0, 7);
      pen.globalAlpha = 0.82;
      pen.fillStyle = colours.accent;
      pen.fill();
      pen.globalAlpha = 1;
      pen.lineWidth = 2;
      pen.strokeStyle = colours.card;
      pen.stroke();
    }
  }

  function draw(ms) {
    const pen = canvas.getContext("2d");
    pen.clearRect(0, 0, canvas.width, canvas.height);
    drawFalling(pen, ms);
    const due = new Set(at(data.due, ms).map((note) => note[0]));
    const played = new Set(at(data.played, ms).map((note) => note[0]));
    const order = [...data.keys.keys()].sort((a, b) => black.has(a) - black.has(b));
    for (const key of order) drawKey(pen, key, due.has(key), played.has(key));
    drawTips(pen, ms);
  }

  function follow(x) {
    const edge = scroll.scrollLeft + scroll.clientWidth;
    if (x > edge - 40 || x < scroll.scrollLeft) scroll.scrollLeft = x - 80;
  }

  function frame() {
    const ms = Math.min(sound.currentTime * 1000, data.durationMs);
    if (ms !== shownMs) {
      shownMs = ms;
      draw(ms);
      cursors.forEach((cursor) => cursor.setAttribute("transform", `translate(${(ms / 1000) * perSecond} 0)`));
      if (!sound.paused) follow((ms / 1000) * perSecond);
      seek.value = String((1000 * ms) / data.durationMs);
      const seconds = ms / 1000;
      $("clock").textContent = `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, "0")}`;
    }
    requestAnimationFrame(frame);
  }

  function toggle() {
    if (sound.paused) sound.play(); else sound.pause();
  }
  function showState() {
    $("icon").setAttribute("d", sound.paused ? PLAY : PAUSE);
    $("play").setAttribute("aria-label", sound.paused ? "Play" : "Pause");
  }

  $("play").addEventListener("click", toggle);
  canvas.addEventListener("click", toggle);
  for (const event of ["play", "pause", "ended"]) sound.addEventListener(event, showState);
  seek.addEventListener("input", () => { sound.currentTime = (seek.value / 1000) * (data.durationMs / 1000); });
  scroll.addEventListener("click", (event) => {
    const x = event.clientX - scroll.getBoundingClientRect().left + scroll.scrollLeft;
    sound.currentTime = Math.min(x / perSecond, data.durationMs / 1000);
    sound.play();
  });
  $("rate").addEventListener("click", () => {
    sound.playbackRate = sound.playbackRate === 1 ? 0.5 : 1;
    $("rate").textContent = sound.playbackRate === 1 ? "1×" : "½×";
  });
  document.addEventListener("keydown", (event) => {
    if (event.code !== "Space" || event.target.tagName === "BUTTON") return;
    event.preventDefault();
    toggle();
  });
  window.addEventListener("resize", resize);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", readColours);
  sound.removeAttribute("controls");  // the page has its own; these are for browsers without scripts
  readColours();
  resize();
  requestAnimationFrame(frame);
})();
