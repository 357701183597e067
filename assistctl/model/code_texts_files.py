"""The codes about files, YAML and the shape of manifests (AC0, AC1)."""

from __future__ import annotations

from typing import Final

from .code_type import Code

FILE_AND_SHAPE_CODES: Final = (
    Code(
        "AC001",
        "file cannot be read",
        "A file that the project names does not exist or cannot be opened. Paths are relative to the file "
        "that names them, not to the current folder.",
        "instructions_file: ../prompts/triage.md",
    ),
    Code(
        "AC002",
        "path leads outside the project",
        "Only files below the folder of the project file are read: absolute paths, ~, drive letters and "
        "too many .. are refused, so that a pull request cannot send files of the machine it runs on.",
        "instructions_file: ../prompts/triage.md   # and the file moved into the project",
    ),
    Code(
        "AC003",
        "symbolic link",
        "Links are never followed, not even inside the project: what a reviewer sees must be what is sent.",
        'cp --remove-destination "$(readlink -f prompts/a.md)" prompts/a.md',
    ),
    Code(
        "AC004",
        "not a regular file",
        "Folders, devices, sockets and FIFOs are not read.",
        "instructions_file: prompts/triage.md   # a file, not a folder",
    ),
    Code(
        "AC005",
        "file too large",
        "Files of a project are read up to 1 MiB; no field of an assistant can be larger than that.",
        "Split the text into several files and list them in instructions_file.",
    ),
    Code(
        "AC006",
        "not UTF-8",
        "Manifests, prompts and fragments are UTF-8. The byte that is not is shown with its place.",
        "iconv -f windows-1252 -t utf-8 prompt.md > prompt.utf8.md",
    ),
    Code(
        "AC007",
        "control character in YAML",
        "A YAML file holds a control character other than tab, CR and LF, or one of the separators U+2028 "
        "and U+2029. They cannot be seen in a review, and readers of YAML treat them differently.",
        'Delete the character, or write a separator as "\\u2028" in quotes.',
    ),
    Code(
        "AC008",
        "YAML syntax",
        "The file is not YAML; the rest of it was not read. The usual reasons are indentation, a tab, a "
        "colon followed by a space inside an unquoted text, or a bracket that is not closed.",
        'description: "Note: quoted, because of the colon"',
    ),
    Code(
        "AC009",
        "duplicate key",
        "A map has the same key twice. YAML readers silently keep the last one; here it is refused, as the "
        "first is nearly always a mistake or a merge gone wrong. Both places are named.",
        "Delete one of the two.",
    ),
    Code(
        "AC010",
        "key is not text",
        "Keys of maps must be text: JSON, which is sent, has no other keys. Unquoted numbers, true, false "
        "and null are not text.",
        'metadata: {"2024": launched}',
    ),
    Code(
        "AC011",
        "YAML tag",
        "Tags such as !file or !!str are refused: editors and other readers understand them differently.",
        "instructions_file: prompts/triage.md",
    ),
    Code(
        "AC012",
        "YAML anchor or alias",
        "Anchors (&x) and aliases (*x) are refused: they multiply, and they do not reach across files.",
        "extends: _base.yaml",
    ),
    Code(
        "AC013",
        "YAML merge key",
        "The merge key << is refused, like the aliases it needs. Layers do the same and can be traced.",
        "extends: _base.yaml",
    ),
    Code(
        "AC014",
        "empty document",
        "A document without content is refused: an emptied file would otherwise look like a manifest that "
        "was removed, and delete its assistant.",
        "Delete the file, or the --- that opens the empty document.",
    ),
    Code(
        "AC015",
        "nested too deeply",
        "Maps and lists may nest 50 levels deep.",
        "Flatten the schema, or use $ref inside parameters.",
    ),
    Code(
        "AC016",
        "too many values",
        "One file may hold 100,000 keys and values.",
        "Split the file.",
    ),
    Code(
        "AC017",
        "number that JSON cannot carry",
        "Infinity, not-a-number, integers over 64 bits and numbers too large for a double cannot be sent.",
        'id_number: "123456789012345678901234567890"',
    ),
    Code(
        "AC018",
        "not a map",
        "A manifest, a fragment, a function file and the project file are maps: lines like key: value.",
        "model: gpt-4o-mini",
    ),
    Code(
        "AC019",
        "several documents",
        "Project files, fragments and function files hold exactly one document; manifests may hold several.",
        "Move what follows --- to a file of its own.",
    ),
    Code(
        "AC020",
        "JSON syntax",
        "A file whose name ends in .json is not JSON. Comments and trailing commas are not JSON.",
        "Rename the file to .yaml to write comments.",
    ),
    Code(
        "AC101",
        "unknown key",
        "The key is not one that is understood here. It is refused rather than ignored, since a typing "
        "error would otherwise switch a setting off without a word. The nearest known key is suggested.",
        "instructions: Be brief.   # not 'instructons'",
    ),
    Code(
        "AC102",
        "missing key",
        "A map lacks a key that it needs.",
        "ranking_options: {score_threshold: 0.2}",
    ),
    Code(
        "AC103",
        "wrong type",
        "The value has another type than the field. Nothing is converted: true is not a number and "
        "0.7 in quotes is text.",
        "temperature: 0.7",
    ),
    Code(
        "AC104",
        "too long or too many",
        "A text has too many characters, or a list too many entries, for the remote.",
        "description: at most 512 characters; instructions take 256,000",
    ),
    Code(
        "AC105",
        "out of range",
        "A number lies outside its range: temperature 0 to 2, top_p 0 to 1, max_num_results 1 to 50.",
        "temperature: 1.2",
    ),
    Code(
        "AC106",
        "not one of the allowed values",
        "The field takes only certain words. Which words reasoning_effort and tool types take depends on "
        "the provider's profile.",
        "reasoning_effort: low",
    ),
    Code(
        "AC107",
        "wrong form",
        "The text does not have the form that is needed; the message shows it.",
        "key: support-triage",
    ),
    Code(
        "AC108",
        "instructions given twice",
        "One layer has both instructions and instructions_file. Across layers the higher one wins; within "
        "one layer nobody can tell which is meant.",
        "instructions_file: prompts/triage.md",
    ),
    Code(
        "AC109",
        "inline vector store",
        "The vector_stores helper makes a new store on every create and is never sent back, so a manifest "
        "with it could never be equal to the remote.",
        "file_search: {vector_store_ids: [vs_abc123]}",
    ),
    Code(
        "AC110",
        "null where it means nothing",
        "null asks for the server's default. Some keys have none: model, key and our own keys.",
        "model: gpt-4o-mini",
    ),
    Code(
        "AC111",
        "two tools with one name",
        "Tools are told apart by their type and function name, so each may stand once.",
        "Rename one of the functions.",
    ),
    Code(
        "AC112",
        "no model",
        "Every assistant needs a model, in the manifest or in a layer below it.",
        "defaults: {model: gpt-4o-mini}   # in the project file",
    ),
    Code(
        "AC113",
        "several documents without keys",
        "The file name is the key of a single document. With several in one file each needs its own.",
        "key: support-triage",
    ),
    Code(
        "AC114",
        "file name cannot be a key",
        "Without a key the file's stem is the key, and this one has characters that a key may not have.",
        "key: support-triage",
    ),
    Code(
        "AC115",
        "too many metadata keys",
        "Remotes take 16 metadata keys and one is needed for the record of ownership.",
        "Put several values into one key.",
    ),
    Code(
        "AC116",
        "reserved metadata key",
        "The metadata key assistctl holds the record of ownership and cannot be set.",
        "metadata: {team: support}",
    ),
    Code(
        "AC117",
        "ignore_changes names no field",
        "ignore_changes takes names of fields, metadata, or metadata.KEY.",
        "lifecycle: {ignore_changes: [temperature, metadata.revision]}",
    ),
    Code(
        "AC118",
        "code cannot be allowed",
        "allow silences warnings and notices (AC7, AC8) in one manifest. Errors cannot be silenced.",
        "allow: [AC709]",
    ),
    Code(
        "AC119",
        "does not fit the schema",
        "The value does not fit for a reason that the message names.",
        "assistctl schema   # prints what fits",
    ),
)
