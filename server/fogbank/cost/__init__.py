"""What a request costs: Cloudflare's prices as dated data, and neurons."""
