namespace Core;

public static class Work
{
    public static string Done() => "done";
}
