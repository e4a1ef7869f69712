"""English demo articles for a made-up seller of cold-chain equipment and services."""

from __future__ import annotations

from functools import partial

from domain.articles import ArticleLanguage
from seed.articles.article import DemoArticle, demo_article

_article = partial(demo_article, ArticleLanguage.EN)

ENGLISH: tuple[DemoArticle, ...] = (
    _article(
        "cold-chain-incident",
        "Cold chain incident: what to say on site",
        """## The first ten minutes

- **Make it safe.** "Please leave the goods where they are and keep the door shut. I am noting the temperature now."
- **Accept the impact, not the blame.** "I can see this batch is urgent. We protect it first; the engineer will explain
  the cause in writing."
- **Give a time.** "The engineer arrives at three. I will call you every thirty minutes until then."

## Record before you leave

Temperature curve, time of the alarm or power cut, batches and quantities affected, who was present. Add photos to the
visit.

Never say "it should be fine" and never promise compensation. Vaccines and medicines are set aside at once, and the
customer's quality department decides about release.
""",
        aliases=("Temperature excursion", "The cold room is too warm"),
        tags=("cold-chain", "incident", "script"),
        stages=("WON",),
        product_lines=("cold-storage", "monitoring"),
        industry="pharma",
        pinned=True,
    ),
    _article(
        "competitor-price-cut",
        "When a competitor cuts the price",
        """1. **Ask before you answer.** Does the lower quote include installation, validation and spare parts?
   Until when is it valid?
2. **Compare three years, not one invoice.** Put energy, downtime and call-outs into the cost sheet.
3. **Trade, do not give.** Offer a longer payment term, staged delivery or fewer options. A discount needs something in
   return, such as an earlier signature or more sites.
4. **Fix the next step.** Agree on a date to go through the comparison with purchasing and the users.

Do not speak badly of the rival, and do not match a price on the spot. Ask your manager about anything beyond your
limit and call the customer back the same day.
""",
        aliases=("Price war", "They found a cheaper supplier", "Matching a rival's discount"),
        tags=("script", "competitor", "price"),
        stages=("PROPOSAL", "QUALIFIED"),
        product_lines=("cold-storage",),
    ),
    _article(
        "diagnosis-questions",
        "Twenty minutes of diagnosis questions",
        """Ask about four things and get one **concrete example** for each:

- **Today:** How many rooms and trucks? Who reads the thermometers, and how often?
- **Pain:** When was the last excursion? What was lost? Who had to explain it?
- **Effect:** What would a repeat in high season mean for your own customers?
- **Goal:** Half a year from now, what would tell you that this was worth doing?

If the talk stays with data sheets, ask why they look for a change now. Without a pain there is no quote: arrange a
second meeting with the people who use the equipment every day.
""",
        aliases=("Discovery call questions", "How to find the customer's pain"),
        tags=("diagnosis", "questions"),
        stages=("CONTACTED", "QUALIFIED"),
    ),
    _article(
        "first-call",
        "Script for the first call",
        """One aim only: **a meeting in the diary**. The product stays out of this call.

- Who you are, in ten seconds: "I look after temperature control for fresh-food stores in your district."
- One reason: "Before summer we walk through stores like yours, half an hour, and leave a one-page report."
- Two choices: "Tuesday morning or Thursday afternoon?"

When they are busy: "Of course. I will send you a sample report and ring again on Friday, all right?" Write the result
down within five minutes. A new lead is contacted within twenty-four hours.
""",
        aliases=("Cold calling", "Opening line on the phone"),
        tags=("script", "phone"),
        stages=("NEW",),
    ),
    _article(
        "visit-checklist",
        "Checklist for a site visit",
        """### Before
- [ ] Read the last notes and what we still owe them
- [ ] Check opening hours and who will be there
- [ ] Pack the demo unit, comparison sheet and a power bank

### At the site
- [ ] Check in at the door
- [ ] Look at sockets, drains and the place of each cabinet; take three photos
- [ ] Say the next step, its date and its owner before you go

### After
- [ ] Check out and write the outcome within the hour
- [ ] Turn each promise into a task
""",
        aliases=("Preparing a store visit", "What to bring to a customer"),
        tags=("visit", "checklist"),
        stages=("CONTACTED", "QUALIFIED", "PROPOSAL"),
    ),
    _article(
        "objection-handling",
        "Four steps for any objection",
        """**Listen, repeat, clarify, prove**: in this order.

| They say | Ask | Then show |
| --- | --- | --- |
| Too expensive | Compared with what? | Three-year cost sheet |
| Not urgent | What would make it urgent? | A breakdown story from high season |
| We like the old system | Which function must not be lost? | A plan to run both side by side |
| I must ask my boss | What does your boss look at first? | A one-page summary |

An objection that comes back for the third time hides another one. Ask again with other people, in another place.
""",
        aliases=("Customer says no", "It is too expensive"),
        tags=("script", "objection"),
        stages=("QUALIFIED", "PROPOSAL"),
    ),
    _article(
        "poc-criteria",
        "Success criteria for a proof of concept",
        """Agree **in writing** before the trial starts. If one of the three is missing, do not start.

- **Effect:** fourteen days in a row within 2-8 °C for at least 99.5 % of readings; an alarm reaches a person
  within three minutes.
- **Use:** the shift leader opens the dashboard every day; at most two false alarms a week.
- **Decision:** who decides, on which day, from which figures, and is the budget approved?

Name one owner on each side and compare figures every third day. Hand in the report within two days of the end. If a
target was missed, explain first; then decide together whether to extend or stop.
""",
        aliases=("POC acceptance", "Pilot targets", "When is a trial successful"),
        tags=("poc", "acceptance"),
        stages=("PROPOSAL",),
        product_lines=("monitoring",),
    ),
    _article(
        "legal-terms",
        "Legal terms customers ask about",
        """Five clauses their lawyers change most, and how far we can go:

1. **Payment:** thirty per cent in advance; at most sixty days, more needs finance.
2. **Penalty for delay:** one per mille a day, capped at ten per cent of the contract.
3. **Liability:** no indirect loss; damaged goods at purchase price, up to the value of the contract.
4. **Data:** readings belong to the customer; we use them to provide the service.
5. **Jurisdiction:** the defendant's court, or arbitration.

Do not interpret a clause yourself. Send anything outside these limits to the legal team with changes tracked; they
answer within two working days.
""",
        aliases=("Contract negotiation", "Penalty clause", "Limitation of liability"),
        tags=("contract", "legal"),
        stages=("PROPOSAL",),
    ),
    _article(
        "after-sales",
        "After-sales repair and follow-up",
        """1. Call back within **thirty minutes**: unit number, symptom, are goods at risk?
2. Goods at risk means an urgent order with an engineer on site in four hours; otherwise the next day.
3. After the repair, demonstrate one test alarm and ask for a signature.
4. Within seventy-two hours, ask: is it solved, and what still worries you?

A second fault on the same unit within thirty days goes to the regional manager, who visits the customer with a plan for
replacement.
""",
        aliases=("Who repairs a broken unit", "Service request", "Satisfaction call"),
        tags=("after-sales", "service"),
        stages=("WON",),
    ),
    _article(
        "delivery-preparation",
        "Preparing delivery and installation",
        """Survey the place within three days of signing: door width, floor load, three-phase power, drain, network.

- **Seven days before:** confirm the arrival date, the loading dock and a window for switching off power.
- **The day before:** remind the contact by phone and check the access papers of the crew.
- **On the day:** cool down empty, place the sensors, then validate for twenty-four hours.

Announce a delay two days ahead, with a new date. Acceptance form, training list, keys and accounts are handed over
together; until then the delivery is not complete.
""",
        aliases=("Installation checklist", "Handover to the customer"),
        tags=("delivery", "installation"),
        stages=("WON",),
        product_lines=("cold-storage",),
    ),
    _article(
        "winter-logistics",
        "Winter logistics: keep it from freezing",
        """In winter the danger is not heat but **frost**: vaccines, drinks and flowers are spoiled below zero.

- Warm the vehicle to five degrees before loading. Use phase-change packs, never ice.
- Allow half a day more on northern routes; on snow days the road notice decides.
- Unload within fifteen minutes, curtain down, nothing left on the ground.

Tell the customer beforehand: "If the road is closed we stop at the nearest heated warehouse and send you position and
temperature."
""",
        aliases=("Frost protection in transit", "Snow and road closures"),
        tags=("logistics", "winter"),
        stages=("PROPOSAL", "WON"),
        product_lines=("transport",),
    ),
    _article(
        "lost-review",
        "Review of a lost deal",
        """Fill this in within a week, facts only:

- **Who** decided, and when did we last meet that person?
- Which reason did they give, and which do we believe?
- In which stage did the deal rest longest? Which document was missing?
- Starting again, what would you change first?

A review is not a confession. Then make a ten-minute call to say thank you, ask when the other contract ends, and set a
reminder for half a year later.
""",
        aliases=("Why did we lose", "Win-loss analysis"),
        tags=("review", "coaching"),
        stages=("LOST",),
    ),
)
