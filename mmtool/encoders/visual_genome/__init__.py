"""The Visual Genome detector of bottom-up attention (Anderson et al., 2018)."""
