"""The dialect of a Worker's `env.AI` binding, as workerd puts it on the wire (contract 6)."""
