gta.ready = gta.start();
