"""Taking in and handing out files: the bytes go to the blob store, what is known of them to the database.

Called by api/files.py, the route for bytes; the schema reads the documents.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, replace

from domain.access import Capability
from domain.articles import ArticleState
from domain.errors import Unavailable, UnsupportedFile
from domain.files import HEAD_BYTES, File, FileKind, blob_key, safe_name, sniff, takes
from domain.ids import AccountId, ArticleId, FileId, PersonId, TeamId, VisitId, is_id, new_id
from domain.leads import Lead
from domain.refusals import InvalidInput, NotFound, Refusal, WrongState
from resolvers.context import Context
from resolvers.once import Facts, Outcome, Saved, once, problem_with_key
from resolvers.proposals import proposal_stored
from storage.accounts import find_account
from storage.articles import find_article
from storage.blobs import BlobError, Incoming
from storage.driver import Document
from storage.files import COLLECTION, find_attached, find_file, insert_file
from storage.leads import find_lead, save_lead
from storage.store import Store
from storage.visits import find_visit


@dataclass(frozen=True, slots=True)
class NewFile:
    """What a caller says about a file: exactly one of lead, visit, account and article."""

    kind: FileKind
    name: str
    id: str | None = None
    lead_id: str | None = None
    visit_id: str | None = None
    account_id: str | None = None
    article_id: str | None = None


@dataclass(frozen=True, slots=True)
class _Links:
    """Who has the file, from the record it is about."""

    holder_id: PersonId | TeamId | None
    team_id: TeamId | None
    lead: Lead | None = None
    visit_id: VisitId | None = None
    account_id: AccountId | None = None
    article_id: ArticleId | None = None


async def store_file(
    context: Context, client_key: str, given: NewFile, body: AsyncIterator[bytes]
) -> Document | Refusal:
    """The stored file. Raises Forbidden, UnsupportedFile, Unavailable, and whatever `body` raises.

    What can be refused without the bytes is refused before the first of them is read.
    """
    actor = context.require(Capability.EDIT_CUSTOMERS if given.article_id is None else Capability.EDIT_ARTICLES)
    given = replace(given, name=safe_name(given.name))
    problem = problem_with_key(client_key) or _problem_with(given)
    if problem is not None:
        return problem
    links = await _links(context.store, context, given)
    if isinstance(links, Refusal):
        return links
    incoming = Incoming(context.services.files.incoming)
    try:
        content_type = await _receive(incoming, given, body)
        if content_type is None:
            return InvalidInput("body", "must not be empty")
        digest = await incoming.finish()
        file_id = FileId(given.id or new_id("fil", context.now))
        key = blob_key(actor.org_id, digest, file_id, new_id("put", context.now)[4:])
        try:
            await context.services.files.blobs.put(incoming.path, key)
        except BlobError as error:
            raise Unavailable(message="Files cannot be stored right now.") from error
    finally:
        incoming.discard()

    async def act(store: Store) -> Outcome:
        current = await _links(store, context, given, hold=True)
        if isinstance(current, Refusal):
            return current
        file = File(
            id=file_id,
            org_id=actor.org_id,
            kind=given.kind,
            name=given.name,
            content_type=content_type,
            size_bytes=incoming.size_bytes,
            sha256=digest,
            blob_key=key,
            holder_id=current.holder_id,
            team_id=current.team_id,
            uploaded_by_id=actor.person_id,
            uploaded_at=context.now,
            lead_id=current.lead.id if current.lead is not None else None,
            visit_id=current.visit_id,
            account_id=current.account_id,
            article_id=current.article_id,
        )
        document = await insert_file(store, file)
        if current.lead is not None and file.kind is FileKind.PROPOSAL:
            await proposal_stored(
                store, current.lead, context.now, file.id, context.now, outbox=context.services.outbox
            )
        # No read finds an attachment again by itself: a repeated call is answered from the receipt.
        return Saved(COLLECTION, document) if file.article_id is None else Facts(document)

    outcome = await once(context, "storeFile", client_key, asdict(given) | {"sha256": digest}, act)
    # Only where the outcome is known: after an error the transaction may have been committed.
    if isinstance(outcome, Refusal) or outcome["blob_key"] != key:
        await context.services.files.blobs.remove(key)
    return outcome


async def open_file(context: Context, file_id: str) -> tuple[File, AsyncIterator[bytes]] | None:
    """The file and its bytes, where the caller may see it. Raises Unavailable where the bytes cannot be had."""
    file = await find_file(context.store, context.me.scope, file_id) or await _attachment(context, file_id)
    if file is None:
        return None
    pieces = context.services.files.blobs.read(file.blob_key)
    try:
        first = await anext(pieces)
    except BlobError as error:
        raise Unavailable(message="The file cannot be read right now.") from error
    return file, _led_by(first, pieces)


async def _attachment(context: Context, file_id: str) -> File | None:
    """The file of an article that the caller is shown and that lists it; to those who write articles, any of its."""
    actor = context.me
    file = await find_attached(context.store, actor.org_id, file_id)
    if file is None or file.article_id is None:
        return None
    article = await find_article(context.store, actor.scope, file.article_id)
    if article is None:
        return None
    listed = {each.file_id for each in article.attachments}
    return file if file.id in listed or actor.can(Capability.EDIT_ARTICLES) else None


async def _led_by(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for each in rest:
        yield each


def _problem_with(given: NewFile) -> InvalidInput | None:
    if given.id is not None and not is_id("fil", given.id):
        return InvalidInput("id", "must be fil_ and a ULID or UUID")
    if not given.name:
        return InvalidInput("name", "must be a file name")
    about = [given.lead_id, given.visit_id, given.account_id, given.article_id]
    if sum(each is not None for each in about) != 1:
        return InvalidInput("leadId", "name exactly one of leadId, visitId, accountId and articleId")
    if given.kind is FileKind.PROPOSAL and given.lead_id is None:
        return InvalidInput("leadId", "is needed for a proposal")
    return None


async def _links(store: Store, context: Context, given: NewFile, *, hold: bool = False) -> _Links | Refusal:
    """`hold`: the lead is written to, so that giving it away meanwhile conflicts with the file that follows it."""
    scope = context.me.scope
    if given.lead_id is not None:
        lead = await find_lead(store, scope, given.lead_id)
        if lead is None:
            return NotFound(given.lead_id)
        if hold:
            lead = replace(lead, version=lead.version + 1, updated_at=context.now)
            if await save_lead(store, lead) is None:
                raise Unavailable(1, "The lead is being changed.")
        return _Links(lead.owner_id, lead.team_id, lead=lead)
    if given.visit_id is not None:
        visit = await find_visit(store, scope, given.visit_id)
        if visit is None:
            return NotFound(given.visit_id)
        return _Links(visit.owner_id, visit.team_id, visit_id=visit.id, account_id=visit.account_id)
    if given.article_id is not None:
        article = await find_article(store, scope, given.article_id)
        if article is None:
            return NotFound(given.article_id)
        if article.state is ArticleState.RETIRED:
            return WrongState(article.id, article.state)
        return _Links(None, None, article_id=article.id)
    account_id = given.account_id or ""
    account = await find_account(store, scope, account_id)
    if account is None:
        return NotFound(account_id)
    return _Links(account.team_id, account.team_id, account_id=account.id)


async def _receive(incoming: Incoming, given: NewFile, body: AsyncIterator[bytes]) -> str | None:
    """Writes the body down; its content type, None where there is no byte. Stops at the first sign of a wrong type."""
    head = b""
    content_type: str | None = None
    async for chunk in body:
        if content_type is None:
            head += chunk
            if len(head) < HEAD_BYTES:
                continue
            content_type, chunk = _checked_type(head, given), head  # noqa: PLW2901 - the head was held back
        await incoming.write(chunk)
    if content_type is None and head:
        content_type = _checked_type(head, given)
        await incoming.write(head)
    return content_type


def _checked_type(head: bytes, given: NewFile) -> str:
    found = sniff(head, given.name)
    if found is None:
        raise UnsupportedFile("Taken are PDF, JPEG, PNG, WebP, HEIC, and docx, xlsx and pptx under their names.")
    if not takes(given.kind, found):
        raise UnsupportedFile(f"A file of the kind {given.kind} cannot be {found}.")
    return found
