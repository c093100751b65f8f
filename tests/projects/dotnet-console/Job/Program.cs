Console.WriteLine(Core.Work.Done());
