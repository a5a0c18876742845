"""The vault: sealed blobs, the keys that open them, and the keeper that alone holds those keys."""
