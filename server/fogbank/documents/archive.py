"""Office documents are zip archives: looked at before anything is unpacked."""

import io
import zipfile

from fogbank.documents.errors import Unreadable

MAX_MEMBERS = 5_000
MAX_UNPACKED = 256 << 20


def open_archive(data: bytes) -> zipfile.ZipFile:
    """The archive. Raises Unreadable for one that is broken or unpacks to more than 256 MiB.

    Sizes are those of its directory; reading a member stops there, whatever follows.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, RuntimeError) as error:
        raise Unreadable(f"the file is not what its type says: {error}") from None
    members = archive.infolist()
    unpacked = sum(member.file_size for member in members)
    if len(members) > MAX_MEMBERS or unpacked > MAX_UNPACKED:
        raise Unreadable(
            f"the file unpacks to {unpacked >> 20} MiB in {len(members)} parts; at most"
            f" {MAX_UNPACKED >> 20} MiB in {MAX_MEMBERS} parts are read"
        )
    return archive
