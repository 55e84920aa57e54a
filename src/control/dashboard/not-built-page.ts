// What is shown in place of the dashboard where it has not been built: without script or style, which it would have no file for.

export const notBuiltPage = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Headgate</title></head>
<body>
<h1>The dashboard is not built</h1>
<p>Headgate runs, but the files of its pages are missing. Build them in the folder of the project, and start it again:</p>
<pre>npm run build</pre>
<p>The <a href="/admin/api/v1/docs">admin API</a> and the endpoints for models work without them.</p>
</body>
</html>
`;
