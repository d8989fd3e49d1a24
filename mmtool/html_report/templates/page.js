"use strict";

const VIDEOS = JSON.parse(document.getElementById("data").textContent);
const MARKS = {sound: "✓", doubtful: "⚠", unknown: "?"}; // of verdicts
const SIGNS = {right: "✓", partly: "◐", wrong: "✗", unmatched: "○", matched: "●"};
const HALF = 0.5; // a clip is right from this share of its time, a snippet from this IoU
const FILM_HEIGHT = 54, LINKS_HEIGHT = 84, LANE = 30, STILLS = 12, ZOOMS = [1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32];
const state = {video: 0, run: Object.keys(VIDEOS[0].runs)[0], snippet: null, clip: null, zoom: 0, sort: null, down: true};

const byId = id => document.getElementById(id);
const video = () => VIDEOS[state.video];
const run = () => video().runs[state.run];

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "style") node.style.cssText = value;
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter(child => child !== null && child !== undefined));
  return node;
}

const percent = share => share === null || share === undefined ? "–" : (100 * share).toFixed(1);
const whole = share => share === null || share === undefined ? "unknown" : `${Math.round(100 * share)} %`;

function time(seconds) {
  const tenths = Math.round(seconds * 10), pad = number => String(number).padStart(2, "0");
  const hours = Math.floor(tenths / 36000), clock = `${pad(Math.floor(tenths / 600) % 60)}:${pad(Math.floor(tenths / 10) % 60)}.${tenths % 10}`;
  return hours ? `${hours}:${clock}` : clock;
}
const times = intervals => intervals.length ? intervals.map(([start, end]) => `${time(start)}–${time(end)}`).join(", ") : "–";
const confidenceColour = share => share < 0.5
  ? `color-mix(in oklab, var(--mid) ${200 * share}%, var(--low))` : `color-mix(in oklab, var(--high) ${200 * share - 100}%, var(--mid))`;

/* Right, partly right or wrong, by the same measures as the table. */
function clipState(view, clip) {
  if (!view.clip_right) return view.clip_snippets[clip].length ? "matched" : "unmatched";
  const share = view.clip_right[clip];
  return share >= HALF ? "right" : share > 0.05 ? "partly" : "wrong";
}
function snippetState(view, snippet) {
  const matched = view.snippet_intervals[snippet].length > 0;
  if (!view.snippet_iou) return matched ? "matched" : "unmatched";
  const iou = view.snippet_iou[snippet];
  if (iou === null) return matched ? "wrong" : "right";
  return iou >= HALF ? "right" : iou > 0.05 ? "partly" : "wrong";
}
const mistakes = (each, view = each.runs[state.run]) => each.truth
  ? each.snippets.flatMap((_, snippet) => ["wrong", "partly"].includes(snippetState(view, snippet)) ? [snippet] : []) : [];
const truthOf = snippet => video().truth ? video().truth[snippet] : null;
const isWithin = (clip, [start, end]) => clip[0] < end && start < clip[1];
const clipsOf = snippet => run().clip_snippets.flatMap((snippets, clip) => snippets.includes(snippet) ? [clip] : []);
const clipsIn = interval => interval ? video().clips.flatMap((clip, number) => overlap(clip, interval) > HALF * (clip[1] - clip[0]) ? [number] : []) : [];
const overlap = (one, other) => Math.max(0, Math.min(one[1], other[1]) - Math.max(one[0], other[0]));

/* ---- the list of videos ---- */
function columns() {
  const names = Object.keys(VIDEOS[0].runs), several = names.length > 1, measured = VIDEOS.some(each => each.truth);
  const found = [
    {name: "video", value: each => each.title || each.id, text: true},
    {name: "clips", value: each => each.clips.length},
    {name: "placed snippets", value: each => each.runs[state.run].placed / Math.max(1, each.snippets.length), shown: each => `${each.runs[state.run].placed} of ${each.snippets.length}`},
    {name: "expected text IoU %", value: each => each.runs[state.run].expected_iou, share: true},
    {name: "expected accuracy %", value: each => each.runs[state.run].expected_accuracy, share: true},
    {name: "verdict", value: each => each.runs[state.run].verdict, text: true},
  ];
  if (measured) found.push({name: "mistakes", value: each => each.truth ? mistakes(each).length : null});
  if (measured) for (const name of names) {
    const suffix = several ? ` · ${name}` : "";
    found.push({name: `video accuracy %${suffix}`, value: each => each.runs[name].video_accuracy, share: true, bar: true});
    found.push({name: `text IoU %${suffix}`, value: each => each.runs[name].text_iou, share: true, bar: true});
  }
  return found;
}

function drawVideos() {
  const shown = columns(), order = VIDEOS.map((_, number) => number);
  if (state.sort !== null && shown[state.sort]) {
    const {value, text} = shown[state.sort], sign = state.down ? 1 : -1;
    order.sort((a, b) => {
      const one = value(VIDEOS[a]), other = value(VIDEOS[b]);
      if (one === null || other === null) return (one === null) - (other === null);
      return sign * (text ? one.localeCompare(other) : one - other);
    });
  }
  state.order = order;
  byId("videos").tHead.replaceChildren(make("tr", {}, ...shown.map((column, number) => make("th",
    {scope: "col", "aria-sort": state.sort === number ? (state.down ? "ascending" : "descending") : null},
    make("button", {type: "button", onclick: () => { state.down = state.sort === number ? !state.down : true; state.sort = number; drawVideos(); }},
      column.name + (state.sort === number ? (state.down ? " ▲" : " ▼") : ""))))));
  byId("videos").tBodies[0].replaceChildren(...order.map(number => make("tr",
    {tabindex: 0, "data-video": number, "aria-current": String(number === state.video), onclick: () => openVideo(number)},
    ...shown.map(column => {
      const value = column.value(VIDEOS[number]);
      const verdict = column.name === "verdict" ? `verdict ${value}` : null;
      return make("td", {title: column.text && !verdict ? VIDEOS[number].id : null, dir: column.text ? "auto" : null, class: verdict || (column.share ? "share" : null)},
        column.share ? make("span", {}, percent(value)) : column.shown ? column.shown(VIDEOS[number]) : String(value || value === 0 ? value : "–"),
        column.bar && value !== null ? make("span", {class: "bar", "aria-hidden": "true"}, make("i", {style: `width:${100 * value}%`})) : null);
    }))));
}

/* ---- one video ---- */
const short = (snippet, length) => video().snippets[snippet].slice(0, length); // keeps tooltips short

function openVideo(number) {
  Object.assign(state, {video: number, snippet: null, clip: null, zoom: 0});
  document.documentElement.style.setProperty("--pictures", video().pictures ? `url("${video().pictures.jpeg}")` : "none");
  for (const row of byId("videos").tBodies[0].rows) row.setAttribute("aria-current", String(+row.dataset.video === number));
  drawVideo();
}

function drawVideo() {
  const {title, id, truth} = video();
  const legend = truth
    ? [["right", "✓ right"], ["partly", "◐ partly right"], ["wrong", "✗ wrong"], ["truth", "truth"]]
    : [["", "matched"]];
  byId("video").className = truth ? "" : "no-truth";
  byId("video").replaceChildren(make("div", {class: "card"},
    make("div", {class: "head"}, make("h2", {dir: "auto"}, title ? `${title} ` : id, title && title !== id ? make("small", {}, id) : null),
      make("div", {class: "tools"},
        make("button", {type: "button", id: "wrong-before", onclick: () => stepWrong(-1), hidden: !truth, disabled: !mistakes(video()).length}, "‹ previous mistake"),
        make("button", {type: "button", id: "wrong-after", class: "main", onclick: () => stepWrong(1), hidden: !truth, disabled: !mistakes(video()).length}, "next mistake ›"),
        make("button", {type: "button", "aria-label": "Zoom out", onclick: () => zoom(-1)}, "−"),
        make("button", {type: "button", "aria-label": "Fit the whole film", onclick: () => zoom(0)}, "fit"),
        make("button", {type: "button", "aria-label": "Zoom in", onclick: () => zoom(1)}, "+"))),
    drawHeadline(),
    run().reasons.length ? make("p", {class: `doubt ${run().verdict}`}, `${MARKS[run().verdict]} ${run().verdict}: ${run().reasons.join("; ")}`) : null,
    make("ul", {class: "legend"}, ...legend.map(([kind, label]) => make("li", {}, make("span", {class: `swatch ${kind}`}), label)),
      make("li", {}, "links: low", make("span", {class: "ramp"}), "high confidence")),
    make("div", {class: "view", id: "view"}, make("div", {class: "stage", id: "stage"})),
    make("div", {class: "focus", id: "focus", "aria-live": "polite"}),
    make("ol", {class: "texts", id: "texts", "aria-label": "Snippets"}, drawNames(), ...video().snippets.map(drawText))));
  drawStage();
  drawFocus();
}

/* What is placed and what is expected, judged without the truth. */
function drawHeadline() {
  const {placed, expected_iou, expected_accuracy, verdict} = run(), count = video().snippets.length;
  const parts = [`placed ${placed} of ${count} snippet${count === 1 ? "" : "s"}`];
  if (verdict) parts.push(`expected text IoU ${whole(expected_iou)}`, `expected accuracy ${whole(expected_accuracy)}`);
  return make("p", {class: "quality"}, parts.join(" · "), verdict === "sound" ? make("span", {class: "verdict sound"}, ` ${MARKS.sound} sound`) : null);
}

const drawNames = () => make("li", {class: "names", "aria-hidden": "true"}, ...["", ...(video().truth ? [""] : []), "snippet", "alignment", ...(video().truth ? ["truth"] : []), "confidence"]
  .map(name => make("span", {}, name)));

function drawText(text, number) {
  const kind = snippetState(run(), number), truth = truthOf(number);
  return make("li", {"data-snippet": number, onclick: () => choose({snippet: number}, false)},
    make("span", {class: "number"}, String(number + 1)),
    video().truth ? make("span", {class: `state ${kind}`}, `${SIGNS[kind]} ${kind}`) : null,
    make("span", {class: "text", dir: "auto"}, text),
    make("span", {class: "time"}, make("span", {class: "label"}, "alignment "), times(run().snippet_intervals[number])),
    video().truth ? make("span", {class: "time"}, make("span", {class: "label"}, "truth "), truth ? times([truth]) : "–") : null,
    run().snippet_intervals[number].length ? confidenceBar(run().snippet_confidence[number], evidenceOf(number)) : make("span", {class: "time absent"}, absence(run().snippet_confidence[number])));
}

/* What the confidence of a snippet without clips says: the probability that the film lacks it. */
const absence = share => share >= HALF ? `not in the film (${whole(share)})` : `not placed (absent: ${whole(share)})`;

const confidenceOf = share => `confidence ${Math.round(100 * share)} %`;
const evidenceOf = snippet => run().snippet_evidence?.[snippet] ? `, by ${run().snippet_evidence[snippet]}` : "";
const confidenceBar = (share, evidence) => make("span", {class: "time", title: `confidence${evidence}`}, `${Math.round(100 * share)} %`,
  make("span", {class: "bar", style: "width:60px", "aria-hidden": "true"}, make("i", {style: `width:${100 * share}%;background:${confidenceColour(share)}`})));

/* ---- the timeline ---- */
function drawStage() {
  const {clips, snippets, truth, runs} = video(), width = byId("view").clientWidth * ZOOMS[state.zoom];
  const start = 0, end = Math.max(1e-3, ...clips.map(clip => clip[1])), at = seconds => seconds / end * width;
  const others = Object.keys(runs).filter(name => name !== state.run);
  const stage = byId("stage");
  stage.style.width = `${width}px`;
  stage.replaceChildren(...[
    drawTicks(start, end, at, width), drawFilm(at, width), drawCuts(at),
    truth ? drawBands("truth", truth.map(interval => interval ? [interval] : []), () => "truth", at, "") : null,
    ...others.map(name => drawBands(name, runs[name].snippet_intervals, snippet => snippetState(runs[name], snippet), at, "other")),
    drawBands(Object.keys(runs).length > 1 ? state.run : "alignment", run().snippet_intervals, snippet => snippetState(run(), snippet), at, ""),
    drawLinks(at, width), drawBeads(snippets.length, width),
  ].filter(Boolean));
  mark();
}

function drawTicks(start, end, at, width) {
  const wanted = (end - start) / Math.max(2, width / 90), steps = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600];
  const step = steps.find(each => each >= wanted) || 7200, found = [];
  for (let t = Math.ceil(start / step) * step; t < end; t += step)
    found.push(make("span", {style: `left:${at(t)}px`}, step < 1 ? time(t) : time(t).replace(/\.0$/, "")));
  return make("div", {class: "row ticks", "aria-hidden": "true"}, ...found);
}

function drawFilm(at, width) {
  const {pictures, clips} = video();
  if (!pictures) return null;
  const slot = pictures.width * FILM_HEIGHT / pictures.height;
  const found = [];
  let clip = 0;
  for (let x = 0; x < width; x += slot) {
    while (clip + 1 < clips.length && at(clips[clip][1]) <= x + slot / 2) clip += 1;
    const number = clip;
    found.push(make("div", {class: "picture", style: `left:${x}px;width:${Math.min(slot, width - x)}px;height:${FILM_HEIGHT}px;${still(number, FILM_HEIGHT)}`,
      title: `clip ${number + 1}, ${times([clips[number]])}`, onclick: () => choose({clip: number})}));
  }
  return make("div", {class: "row film", style: `height:${FILM_HEIGHT}px`}, ...found);
}

function still(clip, height) {
  const {width, height: own, columns} = video().pictures, scale = height / own;
  const rows = Math.ceil(video().clips.length / columns), wide = Math.min(columns, video().clips.length);
  return `background-image:var(--pictures);background-size:${wide * width * scale}px ${rows * height}px;` +
    `background-position:${-(clip % columns) * width * scale}px ${-Math.floor(clip / columns) * height}px`;
}

function drawCuts(at) {
  return make("div", {class: "row cuts"}, ...video().clips.map((clip, number) => {
    const kind = clipState(run(), number), snippets = run().clip_snippets[number];
    const label = snippets.length ? `snippet ${snippets.map(j => j + 1).join(", ")}` : "no snippet";
    return make("button", {type: "button", tabindex: -1, class: `${kind}${snippets.length ? "" : " unmatched"}`, "data-clip": number,
      style: `left:${at(clip[0])}px;width:${Math.max(1, at(clip[1]) - at(clip[0]))}px`, onclick: () => choose({clip: number}),
      "aria-label": `clip ${number + 1}: ${label}, ${kind}`, title: `clip ${number + 1}, ${times([clip])}: ${label} (${SIGNS[kind]} ${kind})`});
  }));
}

/* Overlapping intervals are stacked. */
function lanes(intervals) {
  const ends = [], laneOf = new Map();
  for (const interval of [...intervals].sort((one, other) => one[0] - other[0] || one[1] - other[1])) {
    const free = ends.findIndex(end => end <= interval[0]), lane = free < 0 ? ends.length : free;
    ends[lane] = interval[1];
    laneOf.set(interval, lane);
  }
  return {laneOf, count: Math.max(1, ends.length)};
}

function drawBands(name, intervals, kindOf, at, extra) {
  const {laneOf, count} = lanes(intervals.flat()), height = extra ? 40 : 46;
  return make("div", {class: `row bands ${extra}`, style: `height:${height + (count - 1) * LANE}px`}, make("span", {class: "name"}, name), ...intervals.flatMap((own, snippet) => own.map(interval => {
    const kind = kindOf(snippet), sign = kind === "truth" ? "" : SIGNS[kind] + " ", width = at(interval[1]) - at(interval[0]);
    return make("button", {type: "button", tabindex: -1, class: `band ${kind}`, "data-snippet": snippet, onclick: () => choose({snippet}),
      style: `left:${at(interval[0])}px;width:${Math.max(3, width)}px;top:${15 + laneOf.get(interval) * LANE}px;height:${height - 19}px`, title: `${sign}${snippet + 1}, ${times([interval])}: ${short(snippet, 300)}`,
      "aria-label": `${name}, snippet ${snippet + 1}, ${kind}`}, width > 16 ? `${width > 34 ? sign : ""}${snippet + 1}${width > 90 ? " " + short(snippet, 200) : ""}` : "");
  })));
}

function drawLinks(at, width) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg"), count = video().snippets.length;
  svg.setAttribute("class", "links");
  svg.setAttribute("viewBox", `0 0 ${width} ${LINKS_HEIGHT}`);
  svg.setAttribute("aria-hidden", "true");
  run().snippet_intervals.forEach((own, snippet) => own.forEach(interval => {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path"), confidence = run().snippet_confidence[snippet];
    const from = at((interval[0] + interval[1]) / 2), to = (snippet + 0.5) / count * width;
    path.setAttribute("d", `M${from},1C${from},${LINKS_HEIGHT * 0.6} ${to},${LINKS_HEIGHT * 0.4} ${to},${LINKS_HEIGHT - 1}`);
    path.style.stroke = confidenceColour(confidence);
    path.style.strokeWidth = 1 + 3 * confidence;
    path.dataset.snippet = snippet;
    svg.append(path);
  }));
  return svg;
}

function drawBeads(count, width) {
  return make("div", {class: "row beads"}, ...video().snippets.map((_, snippet) => {
    const kind = snippetState(run(), snippet), each = width / count, unmatched = !run().snippet_intervals[snippet].length;
    return make("button", {type: "button", tabindex: -1, class: `bead ${kind}${unmatched ? " unmatched" : ""}`, "data-snippet": snippet, onclick: () => choose({snippet}),
      style: `left:${snippet * each}px;width:${Math.max(2, each - 2)}px`, title: `${SIGNS[kind]} ${snippet + 1}: ${short(snippet, 300)}`, "aria-label": `snippet ${snippet + 1}, ${kind}`},
      each > 18 ? String(snippet + 1) : "");
  }));
}

function zoom(step) {
  const view = byId("view"), middle = (view.scrollLeft + view.clientWidth / 2) / view.scrollWidth;
  state.zoom = step ? Math.min(ZOOMS.length - 1, Math.max(0, state.zoom + step)) : 0;
  drawStage();
  view.scrollLeft = middle * view.scrollWidth - view.clientWidth / 2;
  reveal();
}

/* ---- selecting ---- */
function choose(what, scrollText = true) {
  state.clip = what.clip ?? null;
  state.snippet = what.snippet ?? (state.clip === null ? null : run().clip_snippets[state.clip][0] ?? null);
  mark();
  drawFocus();
  reveal(scrollText);
}

function mark() {
  const clips = new Set(state.clip !== null ? [state.clip] : []);
  if (state.snippet !== null) clipsOf(state.snippet).forEach(clip => clips.add(clip));
  byId("video").querySelectorAll("[data-snippet]").forEach(node => node.classList.toggle("chosen", +node.dataset.snippet === state.snippet));
  byId("video").querySelectorAll("[data-clip]").forEach(node => node.classList.toggle("chosen", clips.has(+node.dataset.clip)));
  byId("video").querySelector(".links").classList.toggle("some", state.snippet !== null);
}

function reveal(scrollText = true) {
  const band = byId("stage").querySelector(".band.chosen:not(.truth)") || byId("stage").querySelector(".cuts .chosen"), view = byId("view");
  if (band) {
    const left = band.offsetLeft, right = left + band.offsetWidth;
    if (left < view.scrollLeft || right > view.scrollLeft + view.clientWidth) view.scrollLeft = (left + right - view.clientWidth) / 2;
  }
  const text = byId("texts").querySelector(".chosen");
  if (text && scrollText) byId("texts").scrollTop = text.offsetTop - byId("texts").clientHeight / 3;
  const card = byId("video").firstChild, top = card.getBoundingClientRect().top;
  const words = byId("focus").firstElementChild.getBoundingClientRect();
  if (words.top < 0 || (words.bottom > innerHeight && top > 0)) card.scrollIntoView({block: "start"});
}

function drawFocus() {
  const focus = byId("focus");
  if (state.snippet === null && state.clip === null) {
    focus.replaceChildren(make("p", {class: "times"}, "Select a snippet or a clip with the mouse or the arrow keys",
      mistakes(video()).length ? make("span", {}, "; ", make("kbd", {}, "n"), " selects the next mistake") : null, "."));
    return;
  }
  const words = state.snippet !== null ? snippetWords(state.snippet) : clipWords(state.clip);
  focus.replaceChildren(make("div", {}, ...words), make("div", {id: "player"}));
}

function snippetWords(snippet) {
  const kind = snippetState(run(), snippet), truth = truthOf(snippet), found = run().snippet_intervals[snippet];
  const iou = run().snippet_iou?.[snippet], shown = new Set(clipsOf(snippet)), meant = clipsIn(truth);
  const verdict = video().truth ? make("p", {}, make("span", {class: `state ${kind}`}, `${SIGNS[kind]} ${kind}`),
    iou === null || iou === undefined ? " · not annotated" : ` · IoU ${percent(iou)} %`) : null;
  const clip = state.clip === null ? null : make("p", {class: "times"}, `clip ${state.clip + 1}, ${times([video().clips[state.clip]])}`);
  return [clip, make("blockquote", {dir: "auto"}, video().snippets[snippet]), answersTo(snippet), verdict,
    make("p", {}, found.length ? `aligned with ${times(found)} ` : absence(run().snippet_confidence[snippet]), found.length ? make("span", {class: "times"}, `(${confidenceOf(run().snippet_confidence[snippet])}${evidenceOf(snippet)}) `) : null, ...found.map(interval => playButton("play", interval))),
    stills([...shown], meant),
    truth ? make("p", {}, `truth ${times([truth])} `, playButton("play truth", truth)) : null,
    truth && video().pictures ? stills(meant, [...shown]) : null];
}

/* The words of a snippet over the clip that fits it best; the parts that answer to a word are drawn while it is chosen. */
function answersTo(snippet) {
  const found = state.run === Object.keys(video().runs)[0] ? video().answers[snippet] : null;
  if (!found) return null;
  const height = 116, pictures = video().pictures, width = pictures ? pictures.width * height / pictures.height : 2 * height;
  const parts = found.boxes.map(([left, top, right, bottom]) => make("i", {style: `left:${100 * left}%;top:${100 * top}%;width:${100 * (right - left)}%;height:${100 * (bottom - top)}%`}));
  const show = word => parts.forEach((part, number) => { part.style.opacity = word === null ? 0 : found.maps[word][number]; });
  show(null);
  return make("div", {class: "answers"},
    make("p", {dir: "auto"}, ...found.words.flatMap((text, word) => [make("button", {type: "button", tabindex: -1, class: Math.max(...found.maps[word]) > 0 ? "" : "silent",
      onmouseenter: () => show(word), onmouseleave: () => show(null), onfocus: () => show(word), onblur: () => show(null)}, text), " "])),
    make("div", {class: parts.length > 64 ? "picture fine" : "picture", title: `clip ${found.clip + 1}`, style: `width:${width}px;height:${height}px;${pictures ? still(found.clip, height) : ""}`}, ...parts));
}

function clipWords(clip) {
  const kind = clipState(run(), clip), interval = video().clips[clip];
  const annotated = (video().truth || []).flatMap((truth, snippet) => truth && isWithin(interval, truth) ? [snippet] : []);
  return [make("p", {}, `clip ${clip + 1}, ${times([interval])} matches no snippet `,
      make("span", {class: "times"}, `(${confidenceOf(run().clip_confidence[clip])}) `), playButton("play", interval)),
    video().truth ? make("p", {}, make("span", {class: `state ${kind}`}, `${SIGNS[kind]} ${kind}`)) : null,
    stills([clip], [clip]),
    ...annotated.map(snippet => make("p", {}, "truth ", make("button", {type: "button", onclick: () => choose({snippet})}, `${snippet + 1}: ${short(snippet, 100)}`)))];
}

/* Thumbnails of some clips; those that the other side lacks are framed. */
function stills(clips, other) {
  if (!video().pictures || !clips.length) return null;
  const height = 58, width = video().pictures.width * height / video().pictures.height, step = Math.max(1, clips.length / STILLS);
  const shown = clips.filter((_, number) => Math.floor(number / step) !== Math.floor((number - 1) / step));
  return make("div", {class: "stills"}, ...shown.map(clip => make("button", {type: "button", tabindex: -1, class: `still${!video().truth || other.includes(clip) ? "" : " off"}`,
    style: `width:${width}px;height:${height}px;${still(clip, height)}`, title: `clip ${clip + 1}`, "aria-label": `clip ${clip + 1}`, onclick: () => choose({clip})}, make("span", {}, time(video().clips[clip][0])))));
}

const playButton = (label, interval) => video().film ? make("button", {type: "button", class: "play", onclick: () => play(interval)}, `▶ ${label}`) : null;

function readable(address) { // file names need not be UTF-8
  try { return decodeURIComponent(address); } catch { return address; }
}

function play([start, end]) {
  const film = make("video", {src: video().film, controls: true, preload: "auto", playsinline: true});
  film.addEventListener("loadedmetadata", () => { film.currentTime = start; film.play().catch(() => {}); });
  film.addEventListener("timeupdate", () => { if (film.currentTime >= end && !film.dataset.over) { film.dataset.over = "1"; film.pause(); } });
  film.addEventListener("error", () => byId("player").replaceChildren(make("p", {class: "times"}, `This browser cannot play ${readable(video().film)}. Check that the file is still there and in a format that browsers support.`)));
  byId("player").replaceChildren(film);
}

/* ---- keys ---- */
function step(of, by) {
  const count = of === "snippet" ? video().snippets.length : video().clips.length, now = state[of];
  if (!count) return;
  choose({[of]: now === null ? (by > 0 ? 0 : count - 1) : Math.min(count - 1, Math.max(0, now + by))});
}
function stepWrong(by) {
  const wrong = mistakes(video());
  if (!wrong.length) return;
  const now = state.snippet ?? (by > 0 ? -1 : Infinity);
  const next = by > 0 ? wrong.find(snippet => snippet > now) ?? wrong[0] : wrong.findLast(snippet => snippet < now) ?? wrong.at(-1);
  choose({snippet: next});
}
function stepVideo(by) {
  const next = state.order.indexOf(state.video) + by;
  if (next < 0 || next >= state.order.length) return;
  openVideo(state.order[next]);
  byId("videos").tBodies[0].rows[next].scrollIntoView({block: "nearest"});
  byId("video").firstChild.scrollIntoView({block: "start"});
}
function playChosen() {
  if (state.clip !== null) play(video().clips[state.clip]);
  else if (state.snippet !== null && run().snippet_intervals[state.snippet].length) play(run().snippet_intervals[state.snippet][0]);
}
const KEYS = {
  ArrowDown: () => step("snippet", 1), ArrowUp: () => step("snippet", -1), ArrowRight: () => step("clip", 1), ArrowLeft: () => step("clip", -1),
  n: () => stepWrong(1), p: () => stepWrong(-1), j: () => stepVideo(1), k: () => stepVideo(-1), "+": () => zoom(1), "-": () => zoom(-1),
  0: () => zoom(0), Escape: () => choose({}), "?": () => byId("help").showModal(), Enter: () => { if (video().film) playChosen(); },
};
document.addEventListener("keydown", event => {
  if (byId("help").open || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, video")) return;
  if (event.key === "Enter" && event.target.closest("tr[data-video]")) { openVideo(+event.target.closest("tr").dataset.video); return; }
  if (event.key === "Enter" && event.target.closest("button, summary")) return;
  if (KEYS[event.key]) { event.preventDefault(); KEYS[event.key](); }
});

/* ---- the page ---- */
function theme(dark) { document.documentElement.dataset.theme = dark ? "dark" : "light"; }
const dark = matchMedia("(prefers-color-scheme: dark)");
theme(dark.matches);
dark.addEventListener("change", event => theme(event.matches));
byId("theme").addEventListener("click", () => theme(document.documentElement.dataset.theme !== "dark"));
byId("help-button").addEventListener("click", () => byId("help").showModal());
byId("run")?.addEventListener("change", event => { state.run = event.target.value; drawVideos(); drawVideo(); });
let waiting = 0;
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach(each => { each.open = true; }));
addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(drawStage, 100); });
drawVideos();
openVideo(state.order[0]);
