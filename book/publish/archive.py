"""The site as one zip that opens on any machine without a network."""

import zipfile

from publish.sources import ROOT, built_site, citation, moment, zip_path


def make_zip(root=ROOT):
    """Write `_build/zip/NAME.zip` with the built site below one folder, and return its path.

    Names are sorted and every date is the release's, so that one site gives one zip, byte by byte.
    Raises PublishError where the site is not built.
    """
    html, fields = built_site(root), citation(root)
    target = zip_path(root)
    date = max(tuple(moment(fields))[:6], (1980, 1, 1, 0, 0, 0))  # a zip knows no earlier one
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(path for path in html.rglob("*") if path.is_file() and path.name != ".buildinfo"):
            entry = zipfile.ZipInfo(f"{target.stem}/{path.relative_to(html).as_posix()}", date)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, path.read_bytes())
    return target
