"""Blobs on a server that speaks S3, through `obstore`: loaded only where a store lies on one."""

from storage.vault.s3.founding import found_store
from storage.vault.s3.store import S3Store

__all__ = ["S3Store", "found_store"]
