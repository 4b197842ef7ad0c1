// An app of Squirrel.Windows: `Client.exe SQUIRREL URL FOLDER`.
//
// Squirrel's own program has its update verbs compiled out on mono; the class behind them is driven by its name.
// FOLDER is where apps are installed; App/packages in it has what runs. Says what was found and downloaded.
using System;
using System.Collections;
using System.Linq;
using System.Reflection;
using System.Threading.Tasks;

class Client {
    const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance;

    static void Main(string[] arguments) {
        try {
            Update(Assembly.LoadFrom(arguments[0]).GetType("Squirrel.UpdateManager"), arguments[1], arguments[2]);
        } catch (Exception error) {
            while (error.InnerException != null) error = error.InnerException;
            Console.WriteLine("failed: " + error.GetType().Name + ": " + error.Message);
        }
    }

    static void Update(Type type, string url, string folder) {
        var make = type.GetConstructors(All).First(it =>
            it.GetParameters().Length >= 1 && it.GetParameters()[0].ParameterType == typeof(string));
        var given = new object[] { url, "App", folder };
        var manager = make.Invoke(make.GetParameters().Select((_, at) => at < 3 ? given[at] : null).ToArray());
        // Its mutex must not be left to the collector, which throws over it.
        using ((IDisposable) manager) Update(type, manager);
    }

    static void Update(Type type, object manager) {
        var check = type.GetMethods(All).First(it => it.Name == "CheckForUpdate");
        var info = Await(check.Invoke(manager, check.GetParameters().Select(Default).ToArray()));
        var entry = Read(info, "FutureReleaseEntry");
        var apply = (ICollection) Read(info, "ReleasesToApply");
        var names = apply.Cast<object>().Select(it => (string) Read(it, "Filename"));
        Console.WriteLine("future " + (entry == null ? "none" : Read(entry, "Version")) + " apply " + string.Join(" ", names));
        if (apply.Count == 0) return;
        var download = type.GetMethods(All).First(it => it.Name == "DownloadReleases");
        Await(download.Invoke(manager, new object[] { apply, null }));
        Console.WriteLine("downloaded");
    }

    static object Read(object of, string property) { return of.GetType().GetProperty(property, All).GetValue(of); }

    static object Default(ParameterInfo of) {
        if (of.HasDefaultValue) return of.DefaultValue;
        return of.ParameterType.IsValueType ? Activator.CreateInstance(of.ParameterType) : null;
    }

    static object Await(object task) {
        ((Task) task).Wait();
        var result = task.GetType().GetProperty("Result");
        return result == null ? null : result.GetValue(task);
    }
}
