var app = WebApplication.CreateBuilder(args).Build();
app.UseStaticFiles();
app.MapGet("/health", () => "ok");
app.Run();
