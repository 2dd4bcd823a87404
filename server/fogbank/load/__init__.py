"""A load generator for any server that speaks Workers AI or OpenAI: how much can it bear?"""
