"""Files over HTTP and in the schema: taking in, handing out, who may, what is refused, and what is left behind."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.ids import new_id
from resolvers.services import Services
from storage.blobs import sweep_incoming
from tests.conftest import START
from tests.support.client import ApiClient, new_key
from tests.support.files import JPEG, PDF, PNG, office, upload
from tests.support.leads import ASSIGN, clock_of, create_lead, read_lead
from tests.support.world import World

ONE = """query ($id: ID!) { file(id: $id) {
  id kind name contentType sizeBytes sha256 downloadPath uploadedAt uploadedById uploadedBy { id }
  lead { id files { id } } visit { id } account { id files { id } }
} }"""
ACCOUNT = """mutation ($key: String!) {
  createAccount(clientKey: $key, input: {name: "Mill", tier: A}) { ... on Account { id } }
}"""
MERGE = """mutation ($key: String!, $survivor: ID!, $merged: ID!) {
  mergeLeads(clientKey: $key, survivorLeadId: $survivor, mergedLeadId: $merged) { __typename }
}"""
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


async def lead_of(world: World, **given: Any) -> str:
    return str((await create_lead(world.rep, **given))["id"])


async def account_of(world: World) -> str:
    return str((await world.rep.api.first(ACCOUNT, key=new_key()))["id"])


async def stored(client: ApiClient, body: bytes = PDF, **given: Any) -> dict[str, Any]:
    response = await upload(client, body, **given)
    assert response.status_code == 201, response.text
    file: dict[str, Any] = response.json()["data"]["file"]
    return file


async def handed_out(client: ApiClient, file_id: str, method: str = "GET") -> httpx.Response:
    headers = {"authorization": f"Bearer {client.token}"} if client.token else {}
    return await client.http.request(method, f"/files/{file_id}", headers=headers)


def refused(response: httpx.Response) -> tuple[int, str]:
    """Status and code; every refusal has the shape of a GraphQL error."""
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.headers["x-content-type-options"] == "nosniff"
    (error,) = response.json()["errors"]
    assert error["message"]
    assert isinstance(error["extensions"]["retryable"], bool)
    return response.status_code, error["extensions"]["code"]


def blobs(services: Services, org_id: str) -> set[Path]:
    """What is kept for an organization, and what is still arriving."""
    files = services.files
    kept = [each for each in (files.incoming.parent / org_id).rglob("*") if each.is_file()]
    return {*kept, *files.incoming.glob("*")}


async def test_a_file_comes_back_as_it_was_sent(world: World, services: Services) -> None:
    lead_id = await lead_of(world)
    body = PDF + bytes(range(256)) * 8_000
    file = await stored(world.rep.api, body, kind="PROPOSAL", name="报价 2026.pdf", leadId=lead_id)
    assert file == {
        "id": file["id"],
        "kind": "PROPOSAL",
        "name": "报价 2026.pdf",
        "contentType": "application/pdf",
        "sizeBytes": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
        "uploadedAt": "2026-11-23T01:00:00.000Z",
    }
    seen = await world.rep.api.first(ONE, id=file["id"])
    assert {name: seen[name] for name in file} == file
    assert seen["downloadPath"] == f"/files/{file['id']}"
    assert (seen["uploadedById"], seen["uploadedBy"]) == (world.rep.id, {"id": world.rep.id})
    assert seen["lead"] == {"id": lead_id, "files": [{"id": file["id"]}]}
    response = await handed_out(world.rep.api, file["id"])
    assert (response.status_code, response.content) == (200, body)
    assert response.headers["content-type"] == "application/pdf"
    assert response.headers["content-disposition"] == "attachment; filename*=UTF-8''%E6%8A%A5%E4%BB%B7%202026.pdf"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert response.headers["cache-control"] == "private, no-store"
    head = await handed_out(world.rep.api, file["id"], "HEAD")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(body)))
    (kept,) = blobs(services, world.org_id)
    assert file["sha256"] in kept.name


@pytest.mark.parametrize(
    ("body", "name", "kind", "content_type"),
    [
        (PDF, "a.pdf", "PROPOSAL", "application/pdf"),
        (office(), "a.DOCX", "PROPOSAL", DOCX),
        (JPEG, "a.jpg", "PHOTO", "image/jpeg"),
        (PNG, "a.pdf", "OTHER", "image/png"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 " + b"\x00" * 60, "a.webp", "PHOTO", "image/webp"),
        (b"\x00\x00\x00\x18ftypheic" + b"\x00" * 60, "a.heic", "PHOTO", "image/heic"),
        (b"%PDF-1", "short.pdf", "OTHER", "application/pdf"),
    ],
)
async def test_the_bytes_say_the_type(world: World, body: bytes, name: str, kind: str, content_type: str) -> None:
    lead_id = await lead_of(world)
    headers = {"content-type": "text/html"}
    file = await stored(world.rep.api, body, kind=kind, name=name, leadId=lead_id, headers=headers)
    assert file["contentType"] == content_type
    assert (await handed_out(world.rep.api, file["id"])).headers["content-type"] == content_type


@pytest.mark.parametrize(
    ("body", "given", "status", "code"),
    [
        (b"<html><script>alert(1)</script></html>" * 4, {}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b"MZ\x90\x00" * 40, {"name": "offer.pdf"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        (office("payload.exe"), {"name": "offer.docx"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        (office(), {"name": "offer.zip"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        (JPEG, {"kind": "PROPOSAL"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        (PDF, {"kind": "PHOTO"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b"", {}, 400, "BAD_INPUT"),
        (PDF, {"kind": "SOMETHING"}, 400, "BAD_INPUT"),
        (PDF, {"name": ""}, 400, "BAD_INPUT"),
        (PDF, {"name": "../.."}, 400, "BAD_INPUT"),
        (PDF, {"id": "fil_1"}, 400, "BAD_INPUT"),
        (PDF, {"key": "short"}, 400, "BAD_INPUT"),
        (PDF, {"key": ""}, 400, "BAD_INPUT"),
        (PDF, {"headers": {"content-encoding": "gzip"}}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        (PDF, {"leadId": "led_01J00000000000000000000000"}, 404, "NOT_FOUND"),
        (PDF, {"accountId": "acc_01J00000000000000000000000"}, 400, "BAD_INPUT"),
        (PDF + b"\x00" * 25_000_000, {}, 413, "BODY_TOO_LARGE"),
    ],
)
async def test_refusals_leave_nothing(
    world: World, services: Services, body: bytes, given: dict[str, Any], status: int, code: str
) -> None:
    lead_id = await lead_of(world)
    response = await upload(world.rep.api, body, **({"leadId": lead_id} | given))
    assert refused(response) == (status, code)
    assert blobs(services, world.org_id) == set()
    assert await services.store["files"].count({"org_id": world.org_id}, limit=1) == 0


async def test_a_body_without_length_is_cut_off_at_the_limit(world: World, services: Services) -> None:
    lead_id = await lead_of(world)

    async def endless() -> AsyncIterator[bytes]:
        yield PDF
        for _ in range(26):
            yield b"\x00" * 1_000_000

    assert refused(await upload(world.rep.api, endless(), leadId=lead_id)) == (413, "BODY_TOO_LARGE")
    assert blobs(services, world.org_id) == set()


async def test_half_an_upload_leaves_nothing(world: World, services: Services, api_url: str) -> None:
    lead_id = await lead_of(world)
    host, _, port = api_url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = (
        f"POST /files?kind=OTHER&name=a.pdf&leadId={lead_id} HTTP/1.1\r\nHost: {host}\r\n"
        f"Authorization: Bearer {world.rep.api.token}\r\nIdempotency-Key: {new_key()}\r\nContent-Length: 900000\r\n\r\n"
    )
    writer.write(head.encode() + PDF + b"\x00" * 300_000)
    await writer.drain()
    async with asyncio.timeout(5):
        while not list(services.files.incoming.glob("*")):  # noqa: ASYNC110 - a folder has no event
            await asyncio.sleep(0.01)
        writer.close()
        while blobs(services, world.org_id):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert await services.store["files"].count({"org_id": world.org_id}, limit=1) == 0
    assert await reader.read() == b""


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    for name in ("incoming-old", "incoming-new", "kept"):
        (tmp_path / name).write_bytes(PDF)
    for name in ("incoming-old", "kept"):
        os.utime(tmp_path / name, (0, 0))
    assert sweep_incoming(tmp_path, 86_400) == 1
    assert {each.name for each in tmp_path.iterdir()} == {"incoming-new", "kept"}
    assert sweep_incoming(tmp_path / "none", 86_400) == 0


async def test_a_name_is_no_path(world: World) -> None:
    lead_id = await lead_of(world)
    given = "..\\..\\etc/pass\u202ewd\r\nX: 1?.pdf"
    file = await stored(world.rep.api, name=given, leadId=lead_id)
    assert file["name"] == "passwdX_ 1_.pdf"
    long = await stored(world.rep.api, name="x" * 500 + ".pdf", leadId=lead_id)
    assert long["name"] == "x" * 116 + ".pdf"


async def test_repeating_answers_the_same_and_keeps_one_copy(world: World, services: Services) -> None:
    lead_id, key = await lead_of(world), new_key()
    first = await stored(world.rep.api, key=key, leadId=lead_id)
    assert await stored(world.rep.api, key=key, leadId=lead_id) == first
    assert len(blobs(services, world.org_id)) == 1
    assert refused(await upload(world.rep.api, PDF + b"%", key=key, leadId=lead_id)) == (409, "KEY_REUSED")
    assert len(blobs(services, world.org_id)) == 1
    assert (await handed_out(world.rep.api, first["id"])).content == PDF


async def test_the_id_of_the_device_serves_as_key(world: World, other_world: World, services: Services) -> None:
    lead_id, file_id = await lead_of(world), new_id("fil", START)
    first = await stored(world.rep.api, key="", id=file_id, leadId=lead_id)
    assert first["id"] == file_id
    assert await stored(world.rep.api, key="", id=file_id, leadId=lead_id) == first
    assert refused(await upload(world.rep.api, id=file_id, leadId=lead_id)) == (409, "ID_TAKEN")
    theirs = (await create_lead(other_world.rep))["id"]
    assert refused(await upload(other_world.rep.api, key="", id=file_id, leadId=theirs)) == (409, "ID_TAKEN")
    assert len(blobs(services, world.org_id)) == 1
    assert blobs(services, other_world.org_id) == set()


async def test_parallel_uploads_with_one_key_store_once(world: World, services: Services) -> None:
    lead_id, key = await lead_of(world), new_key()
    answers = await asyncio.gather(*(upload(world.rep.api, key=key, leadId=lead_id) for _ in range(5)))
    ids = {each.json()["data"]["file"]["id"] for each in answers if each.status_code == 201}
    assert len(ids) == 1
    assert {each.status_code for each in answers} <= {201, 503}
    assert len(blobs(services, world.org_id)) == 1
    assert await services.store["files"].count({"org_id": world.org_id}, limit=9) == 1


async def test_who_may_see_a_file_of_a_lead(world: World, other_world: World, anonymous: ApiClient) -> None:
    file = await stored(world.rep.api, leadId=await lead_of(world))
    for member in (world.rep, world.manager, world.director, world.admin, world.support):
        assert (await handed_out(member.api, file["id"])).status_code == 200
        assert (await member.api.first(ONE, id=file["id"]))["id"] == file["id"]
    for member in (world.second_rep, world.south_rep, world.south_manager, other_world.admin):
        assert refused(await handed_out(member.api, file["id"])) == (404, "NOT_FOUND")
        assert await member.api.first(ONE, id=file["id"]) is None
    assert refused(await handed_out(anonymous, file["id"])) == (401, "UNAUTHENTICATED")
    assert refused(await handed_out(world.rep.api, "fil_nothing")) == (404, "NOT_FOUND")


async def test_who_may_see_a_file_of_an_account(world: World, other_world: World) -> None:
    account_id = await account_of(world)
    file = await stored(world.rep.api, PNG, name="front.png", kind="PHOTO", accountId=account_id)
    seen = await world.second_rep.api.first(ONE, id=file["id"])
    assert seen["account"] == {"id": account_id, "files": [{"id": file["id"]}]}
    for member in (world.second_rep, world.manager, world.admin):
        assert (await handed_out(member.api, file["id"])).status_code == 200
    for member in (world.south_rep, world.south_manager, other_world.rep):
        assert refused(await handed_out(member.api, file["id"])) == (404, "NOT_FOUND")


async def test_who_may_store(world: World, other_world: World, anonymous: ApiClient) -> None:
    lead_id = await lead_of(world)
    assert refused(await upload(anonymous, leadId=lead_id)) == (401, "UNAUTHENTICATED")
    assert refused(await upload(anonymous.as_("nonsense"), leadId=lead_id)) == (401, "UNAUTHENTICATED")
    assert refused(await upload(world.support.api, leadId=lead_id)) == (403, "FORBIDDEN")
    for member in (world.second_rep, world.south_manager, other_world.admin):
        assert refused(await upload(member.api, leadId=lead_id)) == (404, "NOT_FOUND")
    for member in (world.manager, world.admin):
        assert (await upload(member.api, leadId=lead_id)).status_code == 201


async def test_files_follow_the_lead(world: World) -> None:
    lead_id = await lead_of(world)
    file = await stored(world.rep.api, leadId=lead_id)
    await world.director.api.first(ASSIGN, key=new_key(), id=lead_id, owner=world.south_rep.id)
    assert (await handed_out(world.south_rep.api, file["id"])).status_code == 200
    assert refused(await handed_out(world.rep.api, file["id"])) == (404, "NOT_FOUND")


@pytest.mark.parametrize(("method", "path"), [("GET", "/files"), ("PUT", "/files"), ("POST", "/files/fil_1")])
async def test_other_methods_are_refused(world: World, method: str, path: str) -> None:
    headers = {"authorization": f"Bearer {world.rep.api.token}"}
    assert refused(await world.rep.api.http.request(method, path, headers=headers)) == (405, "METHOD_NOT_ALLOWED")


async def test_a_parameter_given_twice_is_refused(world: World) -> None:
    headers = {"authorization": f"Bearer {world.rep.api.token}", "idempotency-key": new_key()}
    response = await world.rep.api.http.post("/files?name=a.pdf&name=b.pdf", content=PDF, headers=headers)
    assert refused(response) == (400, "BAD_REQUEST")


async def test_a_proposal_meets_the_promise_of_tier_a(world: World) -> None:
    lead_id = await lead_of(world, tier="A")
    assert clock_of(await read_lead(world.rep, lead_id), "TIER_A_PROPOSAL")["state"] == "RUNNING"
    await stored(world.rep.api, kind="OTHER", leadId=lead_id)
    assert clock_of(await read_lead(world.rep, lead_id), "TIER_A_PROPOSAL")["state"] == "RUNNING"
    await stored(world.rep.api, kind="PROPOSAL", leadId=lead_id)
    lead = await read_lead(world.rep, lead_id)
    assert clock_of(lead, "TIER_A_PROPOSAL")["state"] == "MET"
    assert clock_of(lead, "LEAD_FIRST_CONTACT")["state"] == "RUNNING"


async def test_files_go_to_the_lead_that_another_is_merged_into(world: World) -> None:
    survivor = (await create_lead(world.second_rep))["id"]
    merged = await lead_of(world)
    file = await stored(world.rep.api, leadId=merged)
    await world.manager.api.first(MERGE, key=new_key(), survivor=survivor, merged=merged)
    seen = await world.second_rep.api.first(ONE, id=file["id"])
    assert seen["lead"] == {"id": survivor, "files": [{"id": file["id"]}]}
    assert refused(await handed_out(world.rep.api, file["id"])) == (404, "NOT_FOUND")


async def test_bytes_that_are_gone_are_told_as_such(world: World, services: Services) -> None:
    file = await stored(world.rep.api, leadId=await lead_of(world))
    (kept,) = blobs(services, world.org_id)
    kept.unlink()
    response = await handed_out(world.rep.api, file["id"])
    assert refused(response) == (503, "UNAVAILABLE")
    assert response.headers["retry-after"] == "5"
