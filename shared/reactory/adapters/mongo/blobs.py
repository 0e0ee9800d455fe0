"""Blobs on MongoDB: in chunks, because a document ends at 16 MB. The S3 adapter is the better home for large ones.

The chunk with number 0 tells how many there are. A blob whose writing was interrupted lacks some, counts as absent,
and is completed by the next ``put``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pymongo.database import Database

from reactory.adapters.mongo.client import Document
from reactory.adapters.mongo.errors import reading, writing
from reactory.adapters.mongo.history import insert_once

CHUNK_BYTES = 8 * 1024 * 1024
_BATCH_BYTES = 2 * CHUNK_BYTES
_SEPARATOR = "\n"  # sorts before every printable character, and no id contains it


class MongoBlobs:
    def __init__(self, database: Database[Document]) -> None:
        self._blobs = database["blobs"]

    def put(self, blobs: Mapping[str, bytes]) -> None:
        for batch in _batches(blobs):
            insert_once(self._blobs, batch)

    def get(self, ids: Sequence[str]) -> dict[str, bytes]:
        heads = self._read([_key(blob_id, 0) for blob_id in dict.fromkeys(ids)])
        rest = {
            head["blob"]: self._read([_key(head["blob"], number) for number in range(1, head["chunks"])])
            for head in heads
            if head["chunks"] > 1
        }
        found = {head["blob"]: [head, *rest.get(head["blob"], ())] for head in heads}
        return {
            blob_id: b"".join(chunk["content"] for chunk in chunks)
            for blob_id, chunks in found.items()
            if len(chunks) == chunks[0]["chunks"]
        }

    def delete_prefix(self, prefix: str) -> int:
        under = {"_id": {"$gte": prefix, "$lt": prefix + "\x7f"}}
        with writing():
            count = self._blobs.count_documents({**under, "number": 0}, hint={"_id": 1})
            self._blobs.delete_many(under)
        return count

    def _read(self, keys: Sequence[str]) -> list[Document]:
        """The chunks with these keys that exist, in the order of their ids and numbers."""
        if not keys:
            return []
        with reading():
            return list(self._blobs.find({"_id": {"$in": list(keys)}}, sort=[("_id", 1)]))


def _key(blob_id: str, number: int) -> str:
    return f"{blob_id}{_SEPARATOR}{number:06d}"


def _batches(blobs: Mapping[str, bytes]) -> Iterator[list[Document]]:
    """Chunks in commands of bounded size, so that each fits into one operation's time."""
    batch: list[Document] = []
    size = 0
    for document in _chunks(blobs):
        if batch and size + len(document["content"]) > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(document)
        size += len(document["content"])
    if batch:
        yield batch


def _chunks(blobs: Mapping[str, bytes]) -> Iterator[Document]:
    for blob_id, content in blobs.items():
        chunks = max(1, -(-len(content) // CHUNK_BYTES))
        for number in range(chunks):
            part = content[number * CHUNK_BYTES : (number + 1) * CHUNK_BYTES]
            yield {
                "_id": _key(blob_id, number),
                "blob": blob_id,
                "number": number,
                "chunks": chunks,
                "content": part,
            }
