// Replaces the chart drawn by the server with one that zooms and shows details of the point below the cursor. The page
// is complete without it. Untrusted text is only ever set through textContent.
"use strict";

(() => {
  const HEIGHT = 300;

  function themeColors() {
    const style = getComputedStyle(document.documentElement);
    const read = (name) => style.getPropertyValue(name).trim();
    return {
      accent: read("--accent"), level: read("--level"), muted: read("--muted"), grid: read("--grid"),
      worse: read("--worse"), better: read("--better"), paper: read("--paper"),
    };
  }

  // Leaves out labels that would overlap another; the table below lists all of them.
  function nonOverlappingLabels(context) {
    const taken = [];
    return (text, x, y, right) => {
      const width = context.measureText(text).width;
      const left = Math.min(x, right - width);
      if (taken.some(([from, to, at]) => at === y && left < to + 8 && left + width > from - 8)) return;
      taken.push([left, left + width, y]);
      context.fillText(text, left, y);
    };
  }

  function drawMarks(plot, data) {
    const { ctx, bbox } = plot;
    const colors = themeColors();
    const pixels = devicePixelRatio;
    const right = bbox.left + bbox.width;
    ctx.save();
    ctx.font = `${12 * pixels}px system-ui, sans-serif`;
    ctx.textAlign = "left";
    ctx.lineWidth = pixels;
    const label = nonOverlappingLabels(ctx);
    const line = (index, shade, dash) => {
      const x = plot.valToPos(index, "x", true);
      if (x < bbox.left - 1 || x > right + 1) return null;
      ctx.strokeStyle = ctx.fillStyle = shade;
      ctx.setLineDash(dash.map((length) => length * pixels));
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.globalAlpha = 0.6;
      ctx.stroke();
      ctx.globalAlpha = 1;
      return x;
    };
    for (const boundary of data.boundaries) {
      // Halfway between the last point before and the first point after.
      const x = line(boundary.index - 0.5, colors.muted, [3, 3]);
      if (x !== null) label(boundary.label, x + 4 * pixels, bbox.top - 6 * pixels, right);
    }
    for (const mark of data.marks) {
      const x = line(mark.index, mark.regression ? colors.worse : colors.better, []);
      if (x === null) continue;
      const up = data.values[mark.index] !== undefined && mark.effect.startsWith("+");
      label(`${up ? "▲" : "▼"} ${mark.effect}`, x + 4 * pixels, bbox.top + 12 * pixels, right);
      ctx.beginPath();
      ctx.arc(x, plot.valToPos(data.values[mark.index], "y", true), 4 * pixels, 0, 7);
      ctx.fill();
    }
    ctx.restore();
  }

  function tooltip(figure, data) {
    const box = document.createElement("div");
    box.className = "tooltip";
    box.hidden = true;
    box.setAttribute("role", "status");
    figure.append(box);
    const part = (tag, text) => {
      if (!text) return;
      const element = document.createElement(tag);
      element.textContent = text;
      box.append(element);
    };
    return (plot) => {
      const index = plot.cursor.idx;
      box.hidden = index === null || index === undefined || plot.cursor.left < 0;
      if (box.hidden) return;
      box.replaceChildren();
      part("b", data.texts[index]);
      part("span", `${data.commits[index]}${data.days[index] ? ", " + data.days[index] : ""}`);
      part("span", data.subjects[index]);
      part("span", `run ${data.runs[index]}`);
      const left = plot.over.offsetLeft + plot.cursor.left;
      const beyond = left + 16 + box.offsetWidth > figure.clientWidth;
      box.style.left = `${Math.max(0, beyond ? left - 16 - box.offsetWidth : left + 16)}px`;
      const above = plot.valToPos(data.values[index], "y") > plot.over.clientHeight / 2;
      box.style.top = `${plot.over.offsetTop + (above ? 12 : plot.over.clientHeight - box.offsetHeight - 12)}px`;
    };
  }

  function options(data, width, updateTooltip) {
    const colors = themeColors();
    const axis = { stroke: colors.muted, grid: { stroke: colors.grid, width: 1 }, ticks: { show: false } };
    const size = data.axis.factor;
    return {
      width,
      height: HEIGHT,
      padding: [22, 36, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: true, y: false }, points: { size: 8 } },
      scales: { x: { time: false } },
      axes: [
        { ...axis, space: 110, size: 34, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 50000],
          values: (_, ticks) => ticks.map((at) => (data.days[at] || "").slice(0, 10)) },
        { ...axis, size: 78, values: (_, ticks) => tickLabels(ticks, size, data.axis.unit) },
      ],
      series: [
        {},
        { label: "value", stroke: colors.accent, width: 1.2,
          points: { show: data.values.length < 150, size: 5, fill: colors.accent } },
        { label: "level", stroke: colors.level, width: 2, points: { show: false },
          paths: uPlot.paths.stepped({ align: 1 }) },
      ],
      hooks: { draw: [(plot) => drawMarks(plot, data)], setCursor: [updateTooltip] },
    };
  }

  // Uses as many digits as the distance between two ticks needs.
  function tickLabels(ticks, size, unit) {
    const distance = ticks.length > 1 ? Math.abs(ticks[1] - ticks[0]) / size : 1;
    let digits = 0;
    while (digits < 12 && Math.abs(distance * 10 ** digits - Math.round(distance * 10 ** digits)) > 1e-3) digits += 1;
    return ticks.map((tick) => `${(tick / size).toFixed(digits)} ${unit}`.trim());
  }

  function step(plot, data, by) {
    const shown = plot.scales.x;
    const from = plot.cursor.idx ?? (by > 0 ? Math.ceil(shown.min) - 1 : Math.floor(shown.max) + 1);
    const index = Math.max(0, Math.min(data.values.length - 1, from + by));
    const at = (value, axis) => plot.valToPos(value, axis);
    plot.setCursor({ left: at(index, "x"), top: at(data.values[index], "y") });
  }

  function openRun(figure, plot, data) {
    const index = plot.cursor.idx;
    if (index !== null && index !== undefined) location.href = figure.dataset.run.replace("/0/", `/${data.runs[index]}/`);
  }

  function listen(figure, current, data) {
    figure.tabIndex = 0;
    figure.setAttribute("aria-label", `Chart of ${data.name}. Arrow keys move between points, Enter opens the run.`);
    figure.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 }[event.key];
      if (by) step(current(), data, by);
      else if (event.key === "Enter") openRun(figure, current(), data);
      else if (event.key === "Escape") current().setScale("x", { min: 0, max: data.values.length - 1 });
      else return;
      event.preventDefault();
    });
    let pressed = null;
    figure.addEventListener("mousedown", (event) => { pressed = event.clientX; });
    figure.addEventListener("click", (event) => {
      // A drag zooms; only a click without movement opens the run.
      if (event.target.closest(".u-over") && Math.abs(event.clientX - pressed) < 3 && event.detail === 1) {
        const plot = current();
        setTimeout(() => { if (!plot.perfgateDouble) openRun(figure, plot, data); plot.perfgateDouble = false; }, 250);
      }
    });
    figure.addEventListener("dblclick", () => { current().perfgateDouble = true; });
  }

  function show(figure, data) {
    const place = document.createElement("div");
    figure.querySelector("svg")?.replaceWith(place);
    const updateTooltip = tooltip(figure, data);
    const columns = [data.values.map((_, index) => index), data.values, data.levels];
    let plot = null;
    const draw = () => {
      plot?.destroy();
      plot = new uPlot(options(data, figure.clientWidth, updateTooltip), columns, place);
    };
    draw();
    listen(figure, () => plot, data);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
    new ResizeObserver(() => {
      if (plot.width !== figure.clientWidth) plot.setSize({ width: figure.clientWidth, height: HEIGHT });
    }).observe(figure);
    const hint = document.createElement("p");
    hint.className = "muted";
    hint.textContent = "Drag to zoom, double-click to reset, click a point to open its run.";
    figure.querySelector("figcaption")?.append(hint);
    figure.dataset.drawn = "yes";
  }

  for (const figure of document.querySelectorAll("figure.chart")) {
    fetch(figure.dataset.source)
      .then((response) => (response.ok ? response.json() : Promise.reject(new Error(response.statusText))))
      .then((data) => show(figure, data))
      .catch((error) => console.error("cannot draw the interactive chart; keeping the static one", error));
  }
})();
