// SPDX-License-Identifier: MIT
// The last hour as three small plots. The shapes are stretched to the width
// there is, the words are not: they stand beside, as text.

import {clock, duration, h, number, plural, svg} from '/assets/dom.js';

const MINUTES = 60;
const WIDTH = 600;
const HEIGHT = 100;
const STEP = WIDTH / MINUTES;

/* The number the top line stands for. */
function ceiling(most) {
	if (most <= 4)
		return 4;
	const unit = 10 ** Math.floor(Math.log10(most));
	return [1, 2, 4, 5, 10].map((n) => n * unit).find((n) => n >= most);
}

function ceilingSeconds(most) {
	return [10, 60, 300, 900, 3600, 6 * 3600, 86400].find(
		(n) => n >= most) ?? Math.ceil(most / 86400) * 86400;
}

const DEFINITIONS = [{
	title: 'Leads per minute',
	series: [
		{key: 'accepted', name: 'accepted', tone: 'one', wide: 8},
		{key: 'delivered', name: 'delivered', tone: 'two', wide: 4},
	],
	now: (sum) => `${number(sum.accepted)} in, ` +
		`${number(sum.delivered)} out in this hour`,
	top: ceiling, text: number, none: 'no leads in this hour',
}, {
	title: 'Waiting',
	series: [{key: 'waiting', name: 'waiting', tone: 'three', wide: 8}],
	now: (_, last) => last.waiting
		? plural(last.waiting, 'lead waits', 'leads wait')
		: 'nothing waits',
	top: ceiling, text: number, none: 'nothing waited in this hour',
}, {
	title: 'Age of the oldest',
	series: [{key: 'oldest_waiting_s', name: 'oldest', tone: 'four',
		  wide: 8}],
	now: (_, last) => last.oldest_waiting_s
		? duration(last.oldest_waiting_s)
		: last.waiting ? 'just arrived' : 'nothing waits',
	top: ceilingSeconds, text: duration,
	none: 'nothing waited long in this hour',
}];

/* The middle of minute i of n: the newest is at the right edge. */
const middle = (i, n) => WIDTH - (n - i - 0.5) * STEP;

/* One bar a minute, all of a series as one path. */
function bars(minutes, series, top) {
	const n = minutes.length;
	return svg('path', {
		class: `bars ${series.tone}`,
		d: minutes.map((m, i) => {
			if (!m[series.key])
				return '';
			const high = Math.max(1.5, m[series.key] / top * HEIGHT);
			const left = middle(i, n) - series.wide / 2;
			return `M${left.toFixed(1)} ${HEIGHT}v-${high.toFixed(1)}` +
				`h${series.wide}v${high.toFixed(1)}z`;
		}).join(''),
	});
}

class Plot {
	constructor(definition) {
		this.definition = definition;
		this.at = null;
		this.minutes = [];
		this.canvas = svg('svg', {
			viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
			preserveAspectRatio: 'none', 'aria-hidden': 'true',
			focusable: 'false'});
		this.now = h('p', {class: 'plot-now'});
		this.top = h('span', {class: 'plot-top'});
		this.none = h('span', {class: 'plot-none'});
		this.area = h('div', {
			class: 'plot-area', tabindex: '0', role: 'img',
			'aria-label': definition.title,
			onpointermove: (e) => this.point(e),
			onpointerleave: () => this.mark(null),
			onblur: () => this.mark(null),
			onkeydown: (e) => this.key(e),
		}, this.canvas, this.top, this.none);
		this.element = h('figure', {class: 'plot'},
			h('figcaption', {}, h('h3', {}, definition.title),
			  this.now),
			this.area,
			h('div', {class: 'plot-axis', 'aria-hidden': 'true'},
			  h('span', {}, '60 min ago'), h('span', {}, '30 min'),
			  h('span', {}, 'now')),
			definition.series.length > 1 && h('p', {
				class: 'legend', 'aria-hidden': 'true'},
				definition.series.map((s) => h('span', {
					class: `key ${s.tone}`}, s.name))));
	}

	show(minutes) {
		this.minutes = minutes;
		const {series, top, text, none, title} = this.definition;
		const most = Math.max(0, ...minutes.flatMap(
			(m) => series.map((s) => m[s.key])));
		this.ceiling = top(most);
		this.top.textContent = most ? text(this.ceiling) : '';
		this.none.textContent = most ? '' : none;
		this.sum = Object.fromEntries(series.map((s) => [s.key,
			minutes.reduce((n, m) => n + m[s.key], 0)]));
		this.area.setAttribute('aria-label',
			`${title}, last hour: ${this.words()}; most ` +
			`${text(most)}. Arrow keys go through the minutes.`);
		this.draw();
	}

	words() {
		return this.definition.now(this.sum, this.minutes.at(-1));
	}

	draw() {
		const grid = [0, 0.5, 1].map((y) => svg('line', {
			class: 'grid', x1: 0, x2: WIDTH,
			y1: y * HEIGHT, y2: y * HEIGHT}));
		const minute = this.minutes[this.at];
		const x = minute && middle(this.at, this.minutes.length);
		this.canvas.replaceChildren(...grid,
			...this.definition.series.map(
				(series) => bars(this.minutes, series,
						 this.ceiling)),
			...(minute ? [svg('line', {class: 'mark', x1: x,
				x2: x, y1: 0, y2: HEIGHT})] : []));
		this.now.textContent = minute ? this.words_of(minute)
			: this.words();
	}

	words_of(minute) {
		const {series, text} = this.definition;
		return `${clock(Date.parse(minute.at))}: ` + series.map(
			(s) => `${text(minute[s.key])} ${s.name}`).join(', ');
	}

	mark(at) {
		if (at === this.at || this.minutes.length === 0)
			return;
		this.at = at;
		this.now.setAttribute('aria-live', at === null ? 'off'
			: 'polite');
		this.draw();
	}

	point(event) {
		const box = this.area.getBoundingClientRect();
		const x = (event.clientX - box.left) / box.width * WIDTH;
		const n = this.minutes.length;
		const at = n - 1 - Math.floor((WIDTH - x) / STEP);
		this.mark(at >= 0 && at < n ? at : null);
	}

	key(event) {
		const n = this.minutes.length;
		const step = {ArrowLeft: -1, ArrowRight: 1}[event.key];
		if (event.key === 'Escape')
			this.mark(null);
		if (!step)
			return;
		event.preventDefault();
		const from = this.at ?? (step < 0 ? n : -1);
		this.mark(Math.min(n - 1, Math.max(0, from + step)));
	}
}

/** show(minutes) */
export function plots(parent) {
	const all = DEFINITIONS.map((d) => new Plot(d));
	parent.replaceChildren(...all.map((p) => p.element));
	return (minutes) => {
		if (minutes.length > 0)
			all.forEach((p) => p.show(minutes));
	};
}
