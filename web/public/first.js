// Before the first paint: the chosen colours and language, so that nothing flashes.
(function () {
  try {
    var scheme = localStorage.getItem('actionry.theme');
    var dark = scheme === 'dark' || (scheme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
    document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light');
    var language = localStorage.getItem('actionry.language') || navigator.language || 'en';
    document.documentElement.lang = language.toLowerCase().indexOf('zh') === 0 ? 'zh-CN' : 'en';
  } catch (error) {
    document.documentElement.setAttribute('data-mantine-color-scheme', 'light');
  }
})();
