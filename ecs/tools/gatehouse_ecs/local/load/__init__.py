"""Load on a gateway from several clients, with an account of what was promised and what was kept."""
