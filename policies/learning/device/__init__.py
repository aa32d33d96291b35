"""PPO that plays and learns on a GPU: environments in MJX, the same networks and bundles."""
