// SPDX-License-Identifier: MIT
// The page as a whole: who is looking, what is asked when, and what is said
// when the daemon does not answer. Everything shown can be asked for again at
// any time, so nothing has to be remembered over a lost connection.

import {$, clock, toast} from '/assets/dom.js';
import {get, getOptional, listen, logout} from '/assets/api.js';
import {plots} from '/assets/plots.js';
import {
	showAlarms, showDestinations, showSources, showStatus,
} from '/assets/overview.js';
import {
	offer, pagesShown, refreshLeads, setUpLeads, showAttention,
} from '/assets/leads.js';
import {refreshLead, setUpDetail} from '/assets/detail.js';

// However much happens: the daemon has better things to do.
const LIST_MS = 1000;
const REST_MS = 3000;
const page = {status: null, alarms: [], sources: [], ledger: {}, may: false,
	      open: '', heard: Date.now()};
const drawPlots = plots($('plots'));

function problem(error) {
	if (error.status !== 0 && error.status !== 401)
		toast(error.message, 'bad');
}

/** A function that does the work now, and then not again for a while. */
function soon(work, every_ms = LIST_MS) {
	let running = false, again = false;
	return async function run() {
		if (running) {
			again = true;
			return;
		}
		running = true;
		try {
			await work();
		} catch (error) {
			problem(error);
		}
		setTimeout(() => {
			running = false;
			if (again) {
				again = false;
				run();
			}
		}, every_ms);
	};
}

/* ---- what is shown -------------------------------------------------------- */

function drawStatus() {
	if (!page.status)
		return;
	showStatus(page.status, page.alarms);
	showDestinations(page.status.destinations, page.may);
	const open = `${page.status.ledger.dead} ` +
		page.status.ledger.quarantined;
	if (open !== page.open)
		attention();
	page.open = open;
}

const attention = soon(() => page.status && showAttention(
	page.status.ledger, page.may, async () => {
		attention();
		await refreshLeads();
	}));

function drawSources() {
	showSources(page.sources, page.ledger, page.alarms);
	offer('f-source', page.sources.map((s) => s.name));
}

/* The stream brings what comes after this. */
const status = soon(async () => {
	page.status = await get('status');
	drawStatus();
});

const history = soon(async () => drawPlots((await get('history')).minutes),
		     REST_MS);

const sources = soon(async () => {
	const [found, ledger] = await Promise.all([get('sources'),
						   get('ledger')]);
	page.sources = found.sources;
	page.ledger = ledger.sources;
	drawSources();
}, REST_MS);

const alarms = soon(async () => {
	page.alarms = (await getOptional('alarms'))?.alarms ?? [];
	showAlarms(page.alarms);
	drawStatus();
	drawSources();
});

const leads = soon(async () => {
	const reading = pagesShown() > 2; // far down: nothing moves away there
	$('leads-new').hidden = !reading;
	if (!reading)
		await refreshLeads();
});

function everything() {
	page.open = '';
	status();
	history();
	sources();
	alarms();
	leads();
}

/* ---- live ----------------------------------------------------------------- */

function say(text, tone) {
	$('link').textContent = text;
	$('link').className = `pill ${tone}`;
}

const live = {
	open() {
		say('Live', 'good');
		$('lost').hidden = true;
		everything();
	},
	lost() {
		say('Connection lost', 'bad');
		$('lost').textContent = 'No connection to leadbridge. What ' +
			`you see is as of ${clock(page.heard)}; this page ` +
			'goes on by itself.';
		$('lost').hidden = false;
	},
	status(status) {
		page.heard = Date.now();
		page.status = status;
		offer('f-destination', status.destinations.map(
			(d) => d.name).filter((n) => !n.startsWith('@')));
		drawStatus();
	},
	leads(news) {
		page.heard = Date.now();
		leads();
		sources();
		history();
		refreshLead(news.leads.map((l) => l.id)).catch(problem);
	},
};

async function start() {
	const session = await get('session');
	page.may = session.role === 'full';
	$('role').hidden = page.may;
	$('logout').hidden = !session.logout;
	$('logout').addEventListener('click', logout);
	$('version').textContent = `leadbridge ${session.version}.`;
	setUpLeads(page.may, problem);
	setUpDetail(page.may, async () => {
		attention();
		await refreshLeads();
	});
	document.addEventListener('changed', () => {
		status();
		leads();
	});
	listen(live);
	setInterval(history, 10000);
	setInterval(() => document.hidden || alarms(), 10000);
	setInterval(() => document.hidden || sources(), 15000);
}

start().catch((error) => {
	if (error.status !== 401)
		setTimeout(() => location.reload(), 3000);
});
