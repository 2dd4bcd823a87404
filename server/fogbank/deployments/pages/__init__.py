"""Pages for people at the deployments' mounts: HTML and SVG made here, nothing from elsewhere.

Each page is a client of its own deployment: it fills a form, asks the API beside it in process
(`inner`), and shows the answer. Without JavaScript the forms post and come back; with it the script
puts the same HTML in place and keeps the rest of the page.
"""
