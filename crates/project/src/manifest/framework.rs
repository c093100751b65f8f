//! Frameworks, told by a project's direct dependencies.

use super::project::{Dependency, Ecosystem};

macro_rules! frameworks {
    ($($ecosystem:ident { $($variant:ident $name:literal: $($package:literal)+;)* })*) => {
        /// A framework, server or bundler that shapes how a project is built and run.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "the names say it")]
        pub enum Framework { $($($variant,)*)* }

        impl Framework {
            /// As its makers write it.
            pub const fn name(self) -> &'static str {
                match self { $($(Self::$variant => $name,)*)* }
            }
        }

        /// Ecosystem and package that tell the framework; a name that ends in `*` is a prefix.
        const PACKAGES: &[(Ecosystem, &str, Framework)] =
            &[$($($((Ecosystem::$ecosystem, $package, Framework::$variant),)+)*)*];
    };
}

frameworks! {
    Python {
        Django "Django": "django";
        FastApi "FastAPI": "fastapi" "fastapi-slim";
        Flask "Flask": "flask";
        Starlette "Starlette": "starlette";
        Litestar "Litestar": "litestar";
        AioHttp "aiohttp": "aiohttp";
        Celery "Celery": "celery";
        TaskIq "TaskIQ": "taskiq" "taskiq-*";
        Streamlit "Streamlit": "streamlit";
        Uvicorn "Uvicorn": "uvicorn";
        Gunicorn "Gunicorn": "gunicorn";
        Alembic "Alembic": "alembic";
    }
    Node {
        Next "Next.js": "next";
        Vite "Vite": "vite";
        ReactScripts "Create React App": "react-scripts";
        Nuxt "Nuxt": "nuxt" "nuxt3";
        Angular "Angular": "@angular/core";
        SvelteKit "SvelteKit": "@sveltejs/kit";
        Remix "Remix": "@remix-run/node" "@remix-run/react" "@remix-run/dev";
        Astro "Astro": "astro";
        Nest "NestJS": "@nestjs/core";
        Express "Express": "express";
        Fastify "Fastify": "fastify";
        Koa "Koa": "koa";
        Hono "Hono": "hono";
        Gatsby "Gatsby": "gatsby";
        VueCli "Vue CLI": "@vue/cli-service";
        Prisma "Prisma": "prisma" "@prisma/client";
    }
    Go {
        Gin "Gin": "github.com/gin-gonic/gin";
        Echo "Echo": "github.com/labstack/echo/*";
        Fiber "Fiber": "github.com/gofiber/fiber/*";
        Chi "chi": "github.com/go-chi/chi/*";
    }
    Rust {
        Axum "axum": "axum";
        Actix "Actix Web": "actix-web";
        Rocket "Rocket": "rocket";
    }
    Java {
        SpringBoot "Spring Boot": "org.springframework.boot:*" "org.springframework.boot";
        Quarkus "Quarkus": "io.quarkus:*" "io.quarkus";
        Micronaut "Micronaut": "io.micronaut:*" "io.micronaut.application";
    }
    DotNet {
        AspNetCore "ASP.NET Core": "sdk:Microsoft.NET.Sdk.Web" "Microsoft.AspNetCore.App";
        DotNetWorker ".NET Worker": "sdk:Microsoft.NET.Sdk.Worker";
        BlazorWasm "Blazor WebAssembly": "sdk:Microsoft.NET.Sdk.BlazorWebAssembly";
    }
    Ruby {
        Rails "Rails": "rails";
        Sinatra "Sinatra": "sinatra";
    }
    Php {
        Laravel "Laravel": "laravel/framework";
        Symfony "Symfony": "symfony/framework-bundle";
    }
}

impl Framework {
    /// The frameworks among a project's dependencies.
    pub(super) fn of(ecosystem: Ecosystem, dependencies: &[Dependency]) -> Vec<Self> {
        dependencies.iter().filter_map(|dependency| Self::of_package(ecosystem, &dependency.name)).collect()
    }

    /// The framework that a package or plugin tells.
    pub(super) fn of_package(ecosystem: Ecosystem, name: &str) -> Option<Self> {
        let row = PACKAGES.iter().find(|(of, package, _)| {
            let same = package.strip_suffix('*').map_or(name == *package, |start| name.starts_with(start));
            *of == ecosystem && same
        });
        row.map(|(_, _, framework)| *framework)
    }
}
