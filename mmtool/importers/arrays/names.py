"""What the arrays and columns of other programs are usually called; upper and lower case are the same."""

FEATURES = (  # the first that is there is taken where a film has several arrays of numbers
    *("features", "feature", "feats", "feat", "embeddings", "embedding", "last_hidden_state"),
    *("pooler_output", "x", "data", "values", "arr_0", "array"),
)
IDS = frozenset({"id", "ids", "video", "videos", "video_id", "video_ids", "vid", "film", "name", "names"})
TIMES = frozenset({"time", "times", "timestamp", "timestamps", "t", "seconds"})
SPANS = frozenset({"intervals", "interval", "segments", "spans"})
STARTS = frozenset({"start", "starts", "begin", "start_time"})
ENDS = frozenset({"end", "ends", "end_time"})
NUMBERS = frozenset({"clip", "clips", "row", "index", "number"})
TEXTS = frozenset({"snippet", "snippets", "text", "texts", "sentence", "sentences"})
