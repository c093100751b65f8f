//! Routers and functions that other files mount.

use super::paths;

#[test]
fn plugins_of_packages_mount_no_routes_of_the_program() {
    let routes = (
        "routes/index.ts",
        "export function registerRoutes(app: FastifyInstance) {\n  app.get('/api/health', async () => ({ ok: true }));\n}\n",
    );
    let main = |import: &str, plugin: &str| {
        let text = format!(
            "import Fastify from 'fastify';\n{import}import {{ registerRoutes }} from './routes';\nconst app = Fastify();\napp.register({plugin});\nregisterRoutes(app);\n"
        );
        paths(&[("index.ts", &text), routes])
    };
    assert_eq!(main("import cors from '@fastify/cors';\n", "cors, { origin: true }"), ["/api/health"]);
    assert_eq!(main("", "require('fastify-metrics'), { endpoint: '/metrics' }"), ["/api/health"]);
    // Where a function of the program is mounted that is not known, its routes may be below any path.
    for import in
        ["import plugin from './plugin';\n", "import plugin from '@/plugin';\n", "import plugin from 'src/plugin';\n"]
    {
        assert_eq!(main(import, "plugin, { prefix: '/v1' }"), [""; 0], "{import}");
    }
}
