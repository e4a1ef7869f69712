"""What callers may spend in a minute, counted in each process and shared by way of the database.

api/metering.py charges every operation here before it is run. A caller who spends little causes no database work: a
process reports a payer only when it has spent a slice of the payer's budget, and then learns what all have spent.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import Awaitable, Callable
from contextvars import Context
from dataclasses import dataclass
from typing import Any, Final

import structlog

from domain.errors import RateLimited
from storage.budgets import WINDOW_S

_SLICES: Final = 20
"""A process may have spent this part of a budget without the others knowing: the overshoot is at most one slice (or
one operation, where that costs more) for each process."""
_REPORT_AT: Final = 2
"""Reports begin at half of a slice, so that nearly no caller waits for one."""
_MOST_PURSES: Final = 100_000
_UNITS_PER_ANONYMOUS_UNIT: Final = 100

_POLICY: Final = {
    "user": b'"user";q=%d;w=60;qu="cost"',
    "organization": b'"organization";q=%d;w=60;qu="cost"',
    "address": b'"address";q=%d;w=60',
}

_log = structlog.get_logger("api")

Report = Callable[[str, int, int], Awaitable[int]]
"""(payer, minute since the epoch, units to add) -> units spent by all processes in that minute."""
Payers = Callable[[Any], tuple[str, str]]
"""Actor -> ids of the person and the organization that pay."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Units a minute; 0: not limited. A unit of users and organizations is one of an operation's cost (api/limits.py);
    anonymous callers pay one for an operation and one for each 100 of its cost, refused documents included."""

    user_cost: int = 0
    org_cost: int = 0
    anonymous: int = 0


@dataclass(slots=True)
class Account:
    """One payer in one minute, as this process knows it."""

    policy: str
    payer: str
    limit: int
    minute: int
    part: int
    """A slice of the budget."""
    known: int = 0
    """Spent by all, as of the last report."""
    unreported: int = 0
    """Spent here since."""
    reporting: asyncio.Task[None] | None = None


class Purse:
    """All accounts that one caller pays from in one minute, with their text for the headers."""

    __slots__ = ("accounts", "policies", "states")

    def __init__(self, *accounts: Account) -> None:
        self.accounts = accounts
        self.policies = b", ".join(_POLICY[each.policy] % each.limit for each in accounts)
        self.states = b", ".join(b'"%s";r=%%d;t=%%d' % each.policy.encode() for each in accounts)


@dataclass(slots=True)
class Bill:
    """What one request costs and from which accounts it is paid; filled while the request runs."""

    address: str
    cost: int = 0
    purse: Purse | None = None


class Budgets:
    """The accounts of one process for the current minute.

    A report that takes longer than `patience_s` is not waited for; where the database does not answer, each process
    limits alone for `pause_s`. `now_s` gives seconds since the epoch.
    """

    def __init__(
        self,
        rates: Rates,
        report: Report,
        payers: Payers,
        *,
        now_s: Callable[[], float] = time.time,
        patience_s: float = 0.25,
        pause_s: float = 5.0,
    ) -> None:
        self.rates = rates
        self._report = report
        self._payers = payers
        self._now_s = now_s
        self._patience_s = patience_s
        self._pause_s = pause_s
        self._began_s = self._ends_s = 0.0
        self._minute = 0
        self._accounts: dict[str, Account] = {}
        self._purses: dict[str, Purse] = {}
        self._alone_until = 0.0

    async def charge(self, bill: Bill, actor: Any, cost: int) -> None:
        """Takes the cost from the caller's accounts. Raises RateLimited, and then takes nothing."""
        bill.cost = cost
        if actor is None:
            cost = 1 + cost // _UNITS_PER_ANONYMOUS_UNIT
            purse = self._of_address(bill.address)
        else:
            purse = self._of_actor(actor)
        bill.purse = purse
        for account in purse.accounts:
            if account.unreported + cost > account.part and account.unreported:
                await self._settle(account, cost)
        for account in purse.accounts:
            spent = account.known + account.unreported
            # One operation that costs more than the whole budget may still run in an untouched minute.
            if spent + cost > account.limit and (spent or cost <= account.limit):
                raise RateLimited(self.reset_s(), f"The budget of this minute is spent ({account.policy}).")
        for account in purse.accounts:
            account.unreported += cost
            if account.unreported * _REPORT_AT > account.part:
                self._begin_report(account)

    def charge_refused(self, bill: Bill, size: int) -> None:
        """Charges a document of so many characters that was not accepted, to the address: nobody is known yet."""
        purse = bill.purse = self._of_address(bill.address)
        for account in purse.accounts:
            account.unreported += 1 + size // _UNITS_PER_ANONYMOUS_UNIT
            if account.unreported * _REPORT_AT > account.part:
                self._begin_report(account)

    def may_prepare(self, bill: Bill) -> bool:
        """Whether the address may have another unknown document parsed and validated."""
        purse = bill.purse = self._of_address(bill.address)
        return all(account.known + account.unreported < account.limit for account in purse.accounts)

    def reset_s(self) -> int:
        """Seconds until the next minute, at least 1."""
        return WINDOW_S - int(self._now_s()) % WINDOW_S

    def headers(self, bill: Bill) -> list[tuple[bytes, bytes]]:
        """`RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11) and `x-request-cost`."""
        cost = (b"x-request-cost", b"%d" % bill.cost)
        purse = bill.purse or self._of_address(bill.address)
        if not purse.accounts:
            return [cost]
        reset = self.reset_s()
        numbers: list[int] = []
        for account in purse.accounts:
            numbers += max(0, account.limit - account.known - account.unreported), reset
        return [cost, (b"ratelimit-policy", purse.policies), (b"ratelimit", purse.states % tuple(numbers))]

    def _of_actor(self, actor: Any) -> Purse:
        if not self._began_s <= self._now_s() < self._ends_s:
            self._begin_minute()
        person, organization = self._payers(actor)
        purse = self._purses.get(person)
        if purse is None:
            limits = ("user", person, self.rates.user_cost), ("organization", organization, self.rates.org_cost)
            purse = self._keep(person, Purse(*[self._account(*limit) for limit in limits if limit[2]]))
        return purse

    def _of_address(self, address: str) -> Purse:
        if not self._began_s <= self._now_s() < self._ends_s:
            self._begin_minute()
        purse = self._purses.get(address)
        if purse is None:
            limit = self.rates.anonymous
            purse = Purse(self._account("address", network_of(address), limit)) if limit else Purse()
            self._keep(address, purse)
        return purse

    def _keep(self, payer: str, purse: Purse) -> Purse:
        if len(self._purses) >= _MOST_PURSES:
            del self._purses[next(iter(self._purses))]
        self._purses[payer] = purse
        return purse

    def _account(self, policy: str, payer: str, limit: int) -> Account:
        account = self._accounts.get(payer)
        if account is None:
            if len(self._accounts) >= _MOST_PURSES:
                del self._accounts[next(iter(self._accounts))]
            account = self._accounts[payer] = Account(policy, payer, limit, self._minute, limit // _SLICES)
        return account

    def _begin_minute(self) -> None:
        self._minute = int(self._now_s()) // WINDOW_S
        self._began_s = self._minute * WINDOW_S
        self._ends_s = self._began_s + WINDOW_S
        self._accounts = {}
        self._purses = {}

    def _begin_report(self, account: Account) -> asyncio.Task[None] | None:
        if self._now_s() < self._alone_until:
            return None
        if account.reporting is None:
            account.reporting = asyncio.get_running_loop().create_task(self._send(account), context=Context())
        return account.reporting

    async def _settle(self, account: Account, units: int) -> None:
        """Waits, no longer than the patience, until the others know what was spent here."""
        try:
            async with asyncio.timeout(self._patience_s):
                while account.unreported and account.unreported + units > account.part:
                    task = self._begin_report(account)
                    if task is None:
                        return
                    await asyncio.shield(task)
        except TimeoutError:
            self._go_alone("slow")

    async def _send(self, account: Account) -> None:
        units = account.unreported
        try:
            async with asyncio.timeout(self._pause_s):
                known = await self._report(account.payer, account.minute, units)
        except Exception as error:
            self._go_alone(repr(error))
        else:
            account.known = known
            account.unreported -= units
        finally:
            account.reporting = None

    def _go_alone(self, reason: str) -> None:
        if self._now_s() >= self._alone_until:
            _log.warning("budgets are not shared for a while", reason=reason, pause_s=self._pause_s)
            self._alone_until = self._now_s() + self._pause_s


def network_of(address: str) -> str:
    """The payer that an address counts for: itself, or its /64 for IPv6, which one customer is given as a whole."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address or "unknown"
    if parsed.version == 4:
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False).network_address) + "/64"
